using System.Globalization;
using System.Text;

namespace Link.Core.Agent;

/// <summary>
/// Durations as Go writes them (<c>time.ParseDuration</c>): one or more of a decimal number with a unit, such as
/// <c>300ms</c>, <c>1.5s</c> or <c>1h30m</c>, and <c>0</c> alone. What is finer than 100 ns is cut off.
/// </summary>
internal static class GoDuration
{
    public const string Syntax = "a duration such as 300ms, 1.5s, 2m or 1h30m";

    // Go counts nanoseconds in 63 bits: about 292 years.
    private const decimal MaxTicks = long.MaxValue / 100;

    private static readonly (string Name, decimal Ticks)[] Units =
    [
        ("ns", 0.01m),
        ("us", TimeSpan.TicksPerMicrosecond),
        ("\u00b5s", TimeSpan.TicksPerMicrosecond),
        ("\u03bcs", TimeSpan.TicksPerMicrosecond),
        ("ms", TimeSpan.TicksPerMillisecond),
        ("s", TimeSpan.TicksPerSecond),
        ("m", TimeSpan.TicksPerMinute),
        ("h", TimeSpan.TicksPerHour),
    ];

    /// <param name="error">What is wrong, without what would be right; null on success.</param>
    public static bool TryParse(string text, out TimeSpan value, out string? error)
    {
        value = TimeSpan.Zero;
        error = Parse(text, out var ticks);
        if (error is not null)
            return false;

        value = TimeSpan.FromTicks((long)ticks);
        return true;
    }

    /// <summary>The shortest form that reads back as the same duration: <c>1h30m</c>, <c>10m</c>, <c>1.5s</c>, <c>300ms</c>, <c>0s</c>.</summary>
    public static string Format(TimeSpan value)
    {
        if (value == TimeSpan.Zero)
            return "0s";

        var text = new StringBuilder(value < TimeSpan.Zero ? "-" : "");
        var ticks = Math.Abs((decimal)value.Ticks);
        if (ticks < TimeSpan.TicksPerSecond)
        {
            var (name, size) = ticks < TimeSpan.TicksPerMicrosecond ? Units[0] : ticks < TimeSpan.TicksPerMillisecond ? Units[1] : Units[4];
            return text.Append(Number(ticks / size)).Append(name).ToString();
        }

        AppendWhole(text, ref ticks, TimeSpan.TicksPerHour, 'h');
        AppendWhole(text, ref ticks, TimeSpan.TicksPerMinute, 'm');
        if (ticks > 0)
            text.Append(Number(ticks / TimeSpan.TicksPerSecond)).Append('s');
        return text.ToString();
    }

    private static string? Parse(string text, out decimal ticks)
    {
        ticks = 0;
        var rest = text.AsSpan();
        var negative = rest.StartsWith("-");
        if (negative || rest.StartsWith("+"))
            rest = rest[1..];
        if (rest.IsEmpty)
            return "is not a duration";
        if (rest is "0")
            return null;

        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept("0123456789.");
            if (digits == 0)
                return "is not a duration";
            if (digits < 0)
                return $"has no unit (did you mean {text}s?)";
            if (!decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
                return "is not a duration";

            rest = rest[digits..];
            var end = rest.IndexOfAny("0123456789.");
            var unit = end < 0 ? rest : rest[..end];
            rest = rest[unit.Length..];
            if (TicksOf(unit) is not { } size)
                return $"has an unknown unit \"{unit}\"";
            if (number > MaxTicks / size || (ticks += number * size) > MaxTicks)
                return "is too long";
        }

        ticks = negative ? -ticks : ticks;
        return null;
    }

    private static decimal? TicksOf(ReadOnlySpan<char> unit)
    {
        foreach (var (name, ticks) in Units)
        {
            if (unit.SequenceEqual(name))
                return ticks;
        }

        return null;
    }

    private static void AppendWhole(StringBuilder text, ref decimal ticks, long size, char unit)
    {
        var count = decimal.Truncate(ticks / size);
        ticks -= count * size;
        if (count > 0)
            text.Append(Number(count)).Append(unit);
    }

    private static string Number(decimal value) => value.ToString("0.#########", CultureInfo.InvariantCulture);
}
