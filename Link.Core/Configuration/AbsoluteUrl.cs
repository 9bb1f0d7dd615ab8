using System.Diagnostics.CodeAnalysis;

namespace Link.Core.Configuration;

/// <summary>URLs that somebody has written, or sent.</summary>
internal static class AbsoluteUrl
{
    /// <summary>
    /// As <see cref="Uri.TryCreate(string, UriKind, out Uri)"/>, but of nothing without a scheme: <c>//host/</c> and <c>/path</c> would be files. Of such
    /// texts Uri also throws what it should not: an IndexOutOfRangeException for U+202E between slashes.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out Uri? url)
    {
        url = null;
        if (text is null || text.IndexOf("://", StringComparison.Ordinal) <= 0)
        {
            return false;
        }

        try
        {
            return Uri.TryCreate(text, UriKind.Absolute, out url);
        }
        catch (Exception fault) when (fault is IndexOutOfRangeException or ArgumentException)
        {
            return false;
        }
    }
}
