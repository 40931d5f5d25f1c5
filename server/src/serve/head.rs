//! Heads that say in two ways where their body ends.

const LENGTH: &[u8] = b"content-length:";
const ENCODING: &[u8] = b"transfer-encoding:";

/// Looks through the head of a request as it comes, for a length beside a transfer encoding. Hyper takes the encoding,
/// forgets the length and closes the connection afterwards, as it may; but a proxy before us may have taken the length, and
/// whoever sends both has nothing good in mind. The requests behind the first one of a pipeline are left to hyper.
#[derive(Debug, Default)]
pub(super) struct HeadScan {
    /// The beginning of the line that is coming.
    line: [u8; ENCODING.len()],
    filled: usize,
    has_length: bool,
    has_encoding: bool,
    is_over: bool,
}

impl HeadScan {
    /// A new head begins.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }

    /// More of the head has come. True once it is known to have both.
    pub(super) fn has_both(&mut self, mut bytes: &[u8]) -> bool {
        while !self.is_over && !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes);
            let (part, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
            let taken = part.len().min(self.line.len() - self.filled);
            self.line[self.filled..self.filled + taken].copy_from_slice(&part[..taken]);
            self.filled += taken;
            if end.is_some() {
                self.judge();
            }
            bytes = rest;
        }
        self.has_length && self.has_encoding
    }

    fn judge(&mut self) {
        let line = &self.line[..self.filled];
        let begins = |name: &[u8]| line.len() >= name.len() && line[..name.len()].eq_ignore_ascii_case(name);
        self.has_length |= begins(LENGTH);
        self.has_encoding |= begins(ENCODING);
        self.is_over = matches!(line, b"\n" | b"\r\n");
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_found_in_any_order_and_however_the_head_is_cut() {
        let heads: [(&str, bool); 6] = [
            ("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", true),
            ("POST / HTTP/1.1\r\ntransfer-encoding:chunked\r\nx: y\r\nCONTENT-LENGTH:3\r\n\r\n", true),
            ("POST / HTTP/1.1\ntransfer-encoding: chunked\ncontent-length: 3\n\n", true),
            ("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\ncontent-length: 3\r\n\r\n", false),
            ("POST /content-length: HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", false),
            ("POST / HTTP/1.1\r\nx-content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", false),
        ];
        for (head, expected) in heads {
            for size in 1..=head.len() {
                let mut scan = HeadScan::default();
                let mut found = false;
                head.as_bytes().chunks(size).for_each(|part| found = scan.has_both(part));
                assert_eq!(found, expected, "{head:?} by {size}");
            }
        }
    }

    #[test]
    fn one_head_does_not_count_for_the_next() {
        let mut scan = HeadScan::default();
        assert!(!scan.has_both(b"GET / HTTP/1.1\r\ncontent-length: 0\r\n\r\n"));
        scan.restart();
        assert!(!scan.has_both(b"GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"));
    }
}
