namespace Link.Core.Plugins.Outscale;

/// <summary>
/// A public IP of one endpoint. It keeps nothing of what it did: each call looks first how the IP is linked, so that a restarted agent goes on
/// as if it had not stopped.
/// </summary>
internal sealed class OutscaleOutput(OutscaleConfig config, OutscaleApi api, TimeSpan refreshInterval, Func<long> nowMs) : IRemoteOutput
{
    /// <summary>
    /// After each change the IP is looked at more often for a while: the last request of a former holder, or one of ours that got no answer, may be
    /// carried out late.
    /// </summary>
    private const long SettlingMs = 30_000;

    private static readonly TimeSpan SettlingInterval = TimeSpan.FromSeconds(5);

    private long _settledAtMs = long.MinValue;

    /// <inheritdoc/>
    /// <remarks>Each request has its own, far shorter one; this covers the wait for others with the same keys.</remarks>
    public TimeSpan Deadline { get; } = TimeSpan.FromMinutes(2);

    public TimeSpan? RefreshInterval => nowMs() < Volatile.Read(ref _settledAtMs) && refreshInterval > SettlingInterval ? SettlingInterval : refreshInterval;

    public Task ActivateAsync(OutputCall call, CancellationToken cancel) => EnsureAsync(call, cancel);

    public async Task EnsureAsync(OutputCall call, CancellationToken cancel)
    {
        PublicIp ip = await api.ReadAsync(cancel).ConfigureAwait(false);
        if (ip.NicId != config.NicId)
            await ChangeAsync(api.LinkAsync(call.RequireLockAsync, cancel)).ConfigureAwait(false);
    }

    public async Task DeactivateAsync(OutputCall call, CancellationToken cancel)
    {
        PublicIp ip = await api.ReadAsync(cancel).ConfigureAwait(false);
        if (ip.NicId != config.NicId)
            return;
        if (ip.LinkPublicIpId is not { } association)
            throw new OutputException($"Outscale does not say by which association {config.PublicIpId} is linked to {config.NicId}; unlink it by hand");
        try
        {
            await ChangeAsync(api.UnlinkAsync(association, cancel)).ConfigureAwait(false);
        }
        catch (OutputException refused) when (refused.IsPermanent)
        {
            // The next holder may have taken it in between, which ends the association.
            if ((await api.ReadAsync(cancel).ConfigureAwait(false)).NicId == config.NicId)
                throw;
        }
    }

    private async Task ChangeAsync(Task change)
    {
        try
        {
            await change.ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _settledAtMs, nowMs() + SettlingMs);
        }
    }
}
