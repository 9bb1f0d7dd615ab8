using System.Text;

namespace Link.Core.Plugins;

/// <summary>What came back to a request of <see cref="OutboundHttp"/>.</summary>
/// <param name="Status">100 to 999 as the other side says; 2xx is success.</param>
/// <param name="RetryAfter">Retry-After, whether in seconds or as a date; not negative, not bounded; null: none, or not readable.</param>
/// <param name="ContentType">Such as <c>application/json</c>, without parameters; null: none.</param>
/// <param name="Location">Where a 3xx points to; it was not followed. Null: nowhere.</param>
/// <param name="Body">Its first 64 KiB at the most.</param>
/// <param name="IsCut">There was, or may have been, more of the body.</param>
internal sealed record OutboundAnswer(int Status, TimeSpan? RetryAfter, string? ContentType, Uri? Location, ReadOnlyMemory<byte> Body, bool IsCut)
{
    /// <summary>The other side's clock, in whole seconds; null: it did not say.</summary>
    public DateTimeOffset? Date { get; init; }

    public bool IsSuccess => Status is >= 200 and <= 299;

    /// <summary>The body as UTF-8; what is none becomes U+FFFD. Written by another side: not for a log as it is.</summary>
    public string Text => Encoding.UTF8.GetString(Body.Span);
}
