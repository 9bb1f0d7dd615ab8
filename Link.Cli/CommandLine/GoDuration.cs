using System.Globalization;

namespace Link.Cli.CommandLine;

/// <summary>Durations as Go writes them: <c>300ms</c>, <c>1.5s</c>, <c>1h30m</c>.</summary>
internal static class GoDuration
{
    private static readonly (string Unit, double Milliseconds)[] s_units =
    [
        // Longer units first, or "ms" would be read as minutes.
        ("ms", 1),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
    ];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        ReadOnlySpan<char> rest = text;
        double sum = 0;
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                return false;
            }

            rest = rest[digits..];
            if (!TryTakeUnit(ref rest, out double unit))
            {
                return false;
            }

            sum += number * unit;
        }

        if (text.Length == 0 || sum > TimeSpan.FromDays(1).TotalMilliseconds)
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds(sum);
        return true;
    }

    private static bool TryTakeUnit(ref ReadOnlySpan<char> rest, out double milliseconds)
    {
        foreach ((string unit, double length) in s_units)
        {
            if (rest.StartsWith(unit, StringComparison.Ordinal))
            {
                rest = rest[unit.Length..];
                milliseconds = length;
                return true;
            }
        }

        milliseconds = 0;
        return false;
    }
}
