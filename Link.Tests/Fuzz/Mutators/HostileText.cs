using Link.Tests.Simulation;

namespace Link.Tests.Fuzz.Mutators;

/// <summary>Texts that parsers stumble over.</summary>
internal static class HostileText
{
    private static readonly string[] s_texts =
    [
        "", " ", "\0", "\n", "\r\n", "\t", "\u007f", "\u0085", "\u2028", "\u00a0", "\u202e", "\ufeff", "\u200b", "\U0001f600", "e\u0301", "\u0131", "\u0130", "\u212a", "\ufffd",
        "*", "***", "%", "%00", "%s", "%n", "{0}", "${x}", "\\", "\"", "'", "`", "<", ">", "&amp;", "../..", "/", "//", "://", ":", "@", "#", "?", "[", "]", "-", "--", "+", ".", ",", ";", "=", "_",
        "0", "-0", "-1", "00", "01", "1e9", "1e400", "0x1", "127", "128", "255", "256", "32767", "65535", "65536", "2147483647", "2147483648", "-2147483649", "4294967295", "4294967296",
        "9223372036854775807", "9223372036854775808", "18446744073709551616", "99999999999999999999999999999999", "NaN", "Infinity", "null", "true", "undefined",
        "10.0.0.1/32", "10.0.0.1", "0.0.0.0/0", "255.255.255.255/32", "::1/128", "fe80::1%eth0/64", "::ffff:1.2.3.4/128", "2001:db8::1", "vip-00000000-0000-4000-8000-000000000001", "sec-1",
        "http://u:p@h:80/a?b#c", "\e[31m", "\e]0;title\a", "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n",
    ];

    public static string Pick(SimRandom random) => random.Below(30) switch
    {
        0 => new string(random.Pick('a', '/', '.', '9', ' ', '\u00e9', '-'), 1 + random.Below(20_000)),
        1 => FuzzText.Repeat(s_texts[random.Below(s_texts.Length)] + "a", 1 + random.Below(5_000)),
        2 => s_texts[random.Below(s_texts.Length)] + s_texts[random.Below(s_texts.Length)],
        _ => s_texts[random.Below(s_texts.Length)],
    };
}
