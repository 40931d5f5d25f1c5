//! Numbers as texts, the way Go writes them.

/// A float as Go's `strconv.FormatFloat(f, 'g', -1, 32)` has it: the fewest digits that tell a 32-bit float from its
/// neighbours, with an exponent if that is below -4 or above 5.
pub(super) fn format(value: f64) -> String {
    let value = value as f32;
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.parse::<i32>().unwrap_or_default() {
        -4..6 => format!("{value}"),
        exponent if exponent < 0 => format!("{mantissa}e-{:02}", -exponent),
        exponent => format!("{mantissa}e+{exponent:02}"),
    }
}

/// A float as the key of a mapping.
pub(super) fn format_key(value: f64) -> String {
    match format(value).as_str() {
        "NaN" => ".nan".to_owned(),
        "+Inf" => ".inf".to_owned(),
        "-Inf" => "-.inf".to_owned(),
        other => other.to_owned(),
    }
}
