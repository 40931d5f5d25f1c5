<?php
// Sends WordPress' mail through the server that the chart's values name.
add_action('phpmailer_init', function ($mailer) {
    $mailer->isSMTP();
    $mailer->Host = getenv('SMTP_HOST');
    $mailer->Port = (int) getenv('SMTP_PORT');
    $protocol = getenv('SMTP_PROTOCOL');
    $mailer->SMTPSecure = $protocol === 'none' ? '' : $protocol;
    $mailer->SMTPAutoTLS = $protocol !== 'none';
    if (getenv('SMTP_USER') !== '') {
        $mailer->SMTPAuth = true;
        $mailer->Username = getenv('SMTP_USER');
        $mailer->Password = rtrim(file_get_contents('/run/secrets/application/smtp-password'), "\n");
    }
});
