using System.Globalization;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Webhook;

/// <summary>Tells what an answer other than 2xx means.</summary>
/// <remarks>
/// None counts as permanent: a receiver that is being deployed answers 404 for a minute, one whose keys are being changed 401. The back-off makes the
/// tries rare enough.
/// </remarks>
internal static class WebhookRefusal
{
    private const int MaxExcerpt = 120;

    /// <param name="name">host:port of the receiver.</param>
    public static OutputException Of(OutboundAnswer answer, string name, SecretMask mask)
    {
        TimeSpan? retryAfter = answer.Status is 429 or 503 ? answer.RetryAfter : null;
        string? written = answer.Status is >= 300 and <= 399 ? Target(answer.Location, mask) : Excerpt(answer, mask);
        return new OutputException($"{name} answered {answer.Status.ToString(CultureInfo.InvariantCulture)}: {Meaning(answer.Status)}", retryAfter) { Answer = written };
    }

    private static string Meaning(int status) => status switch
    {
        >= 300 and <= 399 => "it redirects, and redirects are not followed; give the final URL",
        400 or 422 => "it does not accept the request; is it the URL of a receiver of these webhooks?",
        401 => "it does not know the sender; check secret and headers",
        403 => "it does not allow it; check secret, headers and its access rules",
        404 or 410 => "there is nothing at this path; check the URL, or is the receiver being deployed?",
        405 => "it takes no POST at this path; check the URL",
        408 => "the request took it too long",
        413 => "the request is too large for it; are there long headers?",
        415 => "it does not take JSON; is it the URL of a receiver of these webhooks?",
        421 => "it does not serve this host name; check the URL",
        429 => "too many requests for it",
        431 => "the headers are too large for it",
        502 or 504 => "its gateway does not reach the receiver",
        503 => "it is not available now",
        >= 500 and <= 599 => "it failed; look at its log",
        _ => "only 2xx is success",
    };

    /// <summary>The host alone: the rest may carry a token.</summary>
    private static string Target(Uri? location, SecretMask mask) =>
        location == null ? "redirects to nowhere"
        : location.IsAbsoluteUri ? $"redirects to {location.Scheme}://{ForeignText.OneLine(mask.Hide(location.Host), 100)}"
        : "redirects to another path of the same host";

    private static string? Excerpt(OutboundAnswer answer, SecretMask mask)
    {
        bool isText = answer.ContentType is null or "application/json" or "application/problem+json" || answer.ContentType.StartsWith("text/", StringComparison.OrdinalIgnoreCase);
        if (!isText)
            return null;
        // Once more after that: a secret that was wrapped over two lines is on one now.
        string line = mask.Hide(ForeignText.OneLine(mask.Hide(answer.Text), OutboundHttp.MaxBody));
        string text = ForeignText.OneLine(line, MaxExcerpt);
        return text.Length == 0 ? null : text;
    }
}
