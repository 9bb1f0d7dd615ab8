using System.Globalization;
using System.Text;

namespace Link.Core.Logging;

/// <summary>
/// One fact as one line: fixed words, then <c>key=value</c> (logfmt). Values with spaces, quotes, equals signs or control characters
/// are quoted and escaped; a line never contains a newline. Fields without a value (null) are left out.
/// </summary>
internal static class LogLine
{
    /// <summary>Longer values are cut. journald splits lines at 48 KiB.</summary>
    public const int MaxValueLength = 4096;

    public static string Format(LogFormat format, DateTimeOffset time, LogLevel level, string message, ReadOnlySpan<(string Name, object? Value)> fields)
    {
        var line = new StringBuilder(128);
        AppendStart(line, format, time, level);
        AppendEscaped(line, Cut(message), quoted: false);
        foreach (var (name, value) in fields)
        {
            if (value is null)
                continue;

            line.Append(' ').Append(name).Append('=');
            AppendValue(line, Cut(TextOf(value)));
        }

        return line.ToString();
    }

    private static void AppendStart(StringBuilder line, LogFormat format, DateTimeOffset time, LogLevel level)
    {
        var (word, priority, colour) = level switch
        {
            LogLevel.Debug => ("debug", '7', "2"),
            LogLevel.Info => ("info", '6', "32"),
            LogLevel.Warning => ("warning", '4', "33"),
            _ => ("error", '3', "31"),
        };
        if (format == LogFormat.Journal)
        {
            line.Append('<').Append(priority).Append('>');
            return;
        }

        line.Append(TimeText(time)).Append(' ');
        if (format == LogFormat.Colour)
            line.Append("\e[").Append(colour).Append('m').Append(word).Append("\e[0m ");
        else
            line.Append(word).Append(' ');
    }

    private static string TextOf(object value) => value switch
    {
        string text => text,
        bool fact => fact ? "true" : "false",
        TimeSpan span => span.TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture) + "s",
        DateTimeOffset time => TimeText(time),
        Exception fault => $"{fault.GetType().Name}: {fault.Message}",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };

    private static string TimeText(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static void AppendValue(StringBuilder line, string value)
    {
        if (value.Length > 0 && !value.Any(c => c is ' ' or '"' or '=' or '\\' || IsBreaking(c)))
        {
            line.Append(value);
            return;
        }

        line.Append('"');
        AppendEscaped(line, value, quoted: true);
        line.Append('"');
    }

    private static void AppendEscaped(StringBuilder line, string text, bool quoted)
    {
        foreach (var c in text)
        {
            if (c is '\n')
                line.Append("\\n");
            else if (IsBreaking(c))
                line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else if (quoted && c is '"' or '\\')
                line.Append('\\').Append(c);
            else
                line.Append(c);
        }
    }

    // Control characters (escape sequences among them) and the separators that some readers take for the end of a line.
    private static bool IsBreaking(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';

    private static string Cut(string text) => text.Length <= MaxValueLength ? text : string.Concat(text.AsSpan(0, MaxValueLength), "...");
}
