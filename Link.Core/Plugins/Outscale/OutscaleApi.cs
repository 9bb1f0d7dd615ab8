using System.Net.Http.Headers;

namespace Link.Core.Plugins.Outscale;

/// <summary>The requests of one endpoint: signed, let through the gate, their answers read. Nothing is tried twice here; the driver does that.</summary>
/// <remarks>Everything throws <see cref="OutputException"/> with one line for the operator.</remarks>
internal sealed class OutscaleApi(OutscaleConfig config, OutscaleOptions options, OutboundHttp http, AccessKeyGate gate, TimeProvider time)
{
    private static readonly MediaTypeHeaderValue ContentType = MediaTypeHeaderValue.Parse(OutscaleSignature.ContentType);

    private readonly string _region = config.Region.ToLowerInvariant();
    private readonly Uri _endpoint = options.Endpoint ?? OutscaleEndpoint.Of(config.Region.ToLowerInvariant());
    private readonly string _keys = config.Credentials.Fingerprint();

    /// <summary>How the public IP is linked now.</summary>
    public async Task<PublicIp> ReadAsync(CancellationToken cancel)
    {
        OutboundAnswer answer = await SendAsync(OutscaleJson.ReadPublicIps, OutscaleJson.ReadRequest(config.PublicIpId), null, cancel).ConfigureAwait(false);
        IReadOnlyList<PublicIp> ips = OutscaleJson.ReadAnswer(answer.Body)
            ?? throw OutscaleFault.Unreadable(OutscaleJson.ReadPublicIps, config.PublicIpId, answer).ToException();
        return ips.FirstOrDefault(ip => ip.PublicIpId == config.PublicIpId)
            ?? throw new OutputException(
                $"Outscale has no public IP {config.PublicIpId} in region {_region} for these keys; check public_ip_id, region and whose keys they are",
                OutscaleFault.Rarely,
                isPermanent: true);
    }

    /// <summary>Links the public IP to this host's NIC, wherever it is linked now.</summary>
    /// <param name="confirm">Runs just before the request is sent; what it throws ends the call.</param>
    public Task LinkAsync(Func<CancellationToken, Task> confirm, CancellationToken cancel) =>
        SendAsync(OutscaleJson.LinkPublicIp, OutscaleJson.LinkRequest(config.PublicIpId, config.NicId), confirm, cancel);

    /// <summary>Ends an association. One that has ended is an error of its own, and never another's.</summary>
    public Task UnlinkAsync(string linkPublicIpId, CancellationToken cancel) =>
        SendAsync(OutscaleJson.UnlinkPublicIp, OutscaleJson.UnlinkRequest(linkPublicIpId), static _ => Task.CompletedTask, cancel);

    /// <param name="confirm">Null: the request changes nothing.</param>
    private async Task<OutboundAnswer> SendAsync(string action, byte[] body, Func<CancellationToken, Task>? confirm, CancellationToken cancel)
    {
        string target = action == OutscaleJson.LinkPublicIp ? $"{config.PublicIpId}, {config.NicId}" : config.PublicIpId;
        await gate.EnterAsync(_keys, cancel).ConfigureAwait(false);
        var verdict = KeyVerdict.None;
        OutputException? reason = null;
        try
        {
            if (confirm is not null)
                await confirm(cancel).ConfigureAwait(false);
            cancel.ThrowIfCancellationRequested();
            // What changes something is not cut off: it would be carried out all the same, and maybe after what is wanted next.
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(confirm is null ? cancel : CancellationToken.None);
            deadline.CancelAfter(options.RequestTimeout);
            using HttpRequestMessage request = Request(action, body);
            // A status is said even if the rest breaks off: a 401 counts.
            OutboundAnswer answer = await http.SendAsync(request, deadline.Token, needsBody: false).ConfigureAwait(false);
            if (answer.IsSuccess)
            {
                if (!OutscaleJson.IsObject(answer.Body))
                    throw OutscaleFault.Unreadable(action, target, answer).ToException();
                verdict = KeyVerdict.Accepted;
                return answer;
            }

            OutscaleFault fault = OutscaleFault.Of(action, target, answer, config.Credentials, answer.Date is { } date ? time.GetUtcNow() - date : null);
            verdict = fault.Keys;
            reason = fault.ToException();
            throw reason;
        }
        catch (OutputException fault) when (reason is null && fault.InnerException is not null)
        {
            // No answer: the message is of the network.
            cancel.ThrowIfCancellationRequested();
            verdict = KeyVerdict.Unreachable;
            reason = new OutputException($"Outscale {action} ({target}): {fault.Message}", fault.RetryAfter, fault.IsPermanent, fault);
            throw reason;
        }
        finally
        {
            gate.Leave(_keys, verdict, reason);
        }
    }

    private HttpRequestMessage Request(string action, byte[] body)
    {
        var uri = new Uri($"{_endpoint.AbsoluteUri}/{action}");
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = ContentType;
        string host = uri.Authority;
        OutscaleSignature signature = OutscaleSignature.Of(config.Credentials, _region, host, uri.AbsolutePath, body, time.GetUtcNow());
        var request = new HttpRequestMessage(HttpMethod.Post, uri) { Content = content };
        request.Headers.Host = host;
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.UserAgent.ParseAdd("link");
        request.Headers.Add(OutscaleSignature.DateHeader, signature.Date);
        request.Headers.TryAddWithoutValidation("Authorization", signature.Authorization);
        return request;
    }
}
