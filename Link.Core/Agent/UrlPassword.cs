using System.Text.RegularExpressions;
using Link.Core.Secrets;

namespace Link.Core.Agent;

/// <summary>Hides the user and password of URLs (<c>https://user:password@host</c>) in a text that is shown.</summary>
internal static partial class UrlPassword
{
    public static string Hide(string text) => UserInfo().Replace(text, $"//{Secret.Mask}@");

    // Up to the last @ of an authority: a password that was not escaped may contain one.
    [GeneratedRegex(@"//[^/,\s]*@", RegexOptions.CultureInvariant)]
    private static partial Regex UserInfo();
}
