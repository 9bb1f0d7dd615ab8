using System.Globalization;

namespace Link.Core.Plugins.Outscale;

/// <summary>
/// What an answer that is no success means, by its status and code ("API Error Codes" of docs.outscale.com). Pure.
/// </summary>
/// <param name="Message">One line for the operator; no secret.</param>
/// <param name="RetryAfter">Not before this time has passed; null: as the driver's back-off says.</param>
/// <param name="IsPermanent">It goes on until somebody changes something.</param>
internal sealed record OutscaleFault(string Message, TimeSpan? RetryAfter, bool IsPermanent, KeyVerdict Keys)
{
    private const int MaxRequestIdLength = 64;

    /// <summary>What the keys may not do is not asked for more often than this.</summary>
    public static readonly TimeSpan Rarely = TimeSpan.FromMinutes(1);

    /// <summary>A server that names a longer pause is asked again after this one.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    /// <summary>A signature counts for five minutes; less than that is no reason.</summary>
    private static readonly TimeSpan SkewOfNote = TimeSpan.FromMinutes(4);

    public OutputException ToException() => new(Message, RetryAfter, IsPermanent);

    /// <param name="action">Such as LinkPublicIp.</param>
    /// <param name="target">The parts of the configuration that it concerned: <c>eipalloc-1, eni-1</c>.</param>
    /// <param name="clockOffset">How far this host's clock is ahead of Outscale's; null: it did not say.</param>
    public static OutscaleFault Of(string action, string target, OutboundAnswer answer, OutscaleCredentials credentials, TimeSpan? clockOffset)
    {
        OutscaleError error = OutscaleJson.Error(answer.Body);
        string code = error.Code ?? "";
        string what = $"Outscale {action} ({target}): ";
        string said = Said(answer, error, credentials);
        TimeSpan? pause = answer.RetryAfter > LongestPause ? LongestPause : answer.RetryAfter;
        if (answer.Status == 429 || code is "6" or "24" or "25")
            return new OutscaleFault($"{what}too many requests{said}", pause, false, KeyVerdict.None);
        // A 403 that says nothing is a proxy's.
        if (answer.Status == 401 || (answer.Status == 403 && code.Length > 0))
            return Denied(answer.Status, code, what, said, clockOffset);
        // A conflict is with something that goes on at the moment: a NIC that is being moved, a machine that starts.
        if (answer.Status is >= 500 or 409 or 423 or 424 or 408)
        {
            string state = answer.Status >= 500 ? "Outscale fails at the moment" : "Outscale is busy with it";
            return new OutscaleFault($"{what}{state}{said}", pause, false, KeyVerdict.None);
        }

        string advice = answer.Status switch
        {
            >= 300 and < 400 => "it points elsewhere, which is not followed; check OSC_ENDPOINT_API and region",
            403 => "something between lets nobody through; check proxies, OSC_ENDPOINT_API and region",
            404 or 405 => "this is not the Outscale API; check OSC_ENDPOINT_API and region",
            _ => "refused; check the endpoint's public_ip_id, nic_id and region",
        };
        return new OutscaleFault($"{what}{advice}{said}", Rarely, true, KeyVerdict.None);
    }

    /// <summary>A success that cannot be read: a proxy's page, half an answer.</summary>
    public static OutscaleFault Unreadable(string action, string target, OutboundAnswer answer) => new(
        $"Outscale {action} ({target}): the answer is {Kind(answer)}; is a proxy between, or OSC_ENDPOINT_API wrong? (HTTP {Number(answer.Status)})",
        null, false, KeyVerdict.None);

    private static OutscaleFault Denied(int status, string code, string what, string said, TimeSpan? clockOffset) => code switch
    {
        "11" => new OutscaleFault(
            $"{what}the account's access is locked for good after many wrong signatures; ask Outscale's support to unlock it, and correct the wrong keys first{said}",
            Rarely, true, KeyVerdict.Locked),
        "12" => new OutscaleFault(
            $"{what}the kind of signature is not known there; this is not the Outscale API, or something between changes requests{said}", Rarely, true, KeyVerdict.None),
        "13" => new OutscaleFault($"{what}the account is locked for a minute or more after wrong signatures; find who sends them{said}", Rarely, false, KeyVerdict.Locked),
        "14" => new OutscaleFault(
            $"{what}no API access rule of the account lets this host in; add its address to a rule (one that asks for a client certificate cannot be met){said}",
            Rarely, true, KeyVerdict.None),
        "4" or "5" or "7" => Forbidden(what, said),
        not "1" when status == 403 => Forbidden(what, said),
        // What is not known is taken for a wrong signature: better too rarely than a locked account.
        _ => new OutscaleFault($"{what}{WrongSignature(clockOffset)}{said}", Rarely, true, KeyVerdict.Refused),
    };

    private static OutscaleFault Forbidden(string what, string said) =>
        new($"{what}the keys may not do this; allow their user ReadPublicIps, LinkPublicIp and UnlinkPublicIp{said}", Rarely, true, KeyVerdict.None);

    private static string WrongSignature(TimeSpan? clockOffset)
    {
        if (clockOffset is not { } offset)
            return "the signature is refused: access_key or secret_key is wrong, or this host's clock is not within 5 minutes of Outscale's";
        if (offset.Duration() < SkewOfNote)
            return "the signature is refused: access_key or secret_key is wrong, or not active";
        string seconds = offset.Duration().TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        string direction = offset > TimeSpan.Zero ? "ahead of" : "behind";
        return $"the signature is refused because this host's clock is {seconds} s {direction} Outscale's; set the clock, it must be within 5 minutes";
    }

    /// <summary>The other side's words, for the end of a line.</summary>
    private static string Said(OutboundAnswer answer, OutscaleError error, OutscaleCredentials credentials)
    {
        var parts = new List<string> { $"HTTP {Number(answer.Status)}" };
        if (error.Code is { } code)
            parts.Add($"code {ForeignText.OneLine(credentials.RemoveFrom(code), 20)}");
        string words = string.Join(": ", new[] { error.Type, error.Details }.Where(part => part is not null));
        if (words.Length > 0)
            parts.Add(ForeignText.OneLine(credentials.RemoveFrom(words)));
        else if (!OutscaleJson.IsObject(answer.Body))
            parts.Add($"the answer is {Kind(answer)}");
        if (error.RequestId is { } id)
            parts.Add($"request {ForeignText.OneLine(credentials.RemoveFrom(id), MaxRequestIdLength)}");
        return $" ({string.Join(", ", parts)})";
    }

    private static string Kind(OutboundAnswer answer) =>
        answer.IsCut ? answer.Body.Length < OutboundHttp.MaxBody ? "cut off" : "far too long"
        : answer.Body.Length == 0 ? "empty"
        : answer.ContentType is "text/html" || answer.Text.TrimStart().StartsWith('<') ? "HTML, not JSON"
        : OutscaleJson.IsObject(answer.Body) ? "JSON of something else"
        : "no JSON, or half of it";

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
