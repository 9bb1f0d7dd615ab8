namespace Link.Core.Logging;

/// <summary>What stands before the words of a line.</summary>
internal enum LogFormat
{
    /// <summary>RFC 3339 time and level.</summary>
    Plain,

    /// <summary>As <see cref="Plain"/>, the level in colour, for terminals.</summary>
    Colour,

    /// <summary>The priority as <c>&lt;N&gt;</c>, which journald takes off (sd-daemon(3)); it adds the time itself.</summary>
    Journal,
}
