using System.Text.RegularExpressions;

namespace Link.Core.Storage;

/// <summary>Ids of endpoints: <c>vip-</c> and a UUID of version 4.</summary>
internal static partial class EndpointId
{
    public static string New() => "vip-" + Guid.NewGuid();

    /// <summary>True for every id that LinK's API takes: <c>vip-</c> and 36 letters, digits and hyphens.</summary>
    public static bool IsValid(string text) => Form().IsMatch(text);

    // \z and not $, which would let a closing newline pass.
    [GeneratedRegex(@"^vip-[A-Za-z0-9-]{36}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
