using System.Text.Json;
using Link.Core.Net;
using Link.Core.Plugins;
using Link.Core.Plugins.Outscale;
using Xunit;

namespace Link.Tests.Plugins.Outscale;

/// <summary>One host: the driver and the plugin, with a clock that the test moves.</summary>
internal sealed class OutscaleHost : IDisposable
{
    public static readonly DateTimeOffset Epoch = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly OutboundHttp _http;
    private readonly string _nic;
    private int _lastId;

    public OutscaleHost(Uri endpoint, string nic, TimeSpan? requestTimeout = null)
    {
        _nic = nic;
        var time = new HostTime(() => Epoch.AddMilliseconds(Loop.NowMs) + ClockOffset);
        _http = new OutboundHttp(new NameResolver(), time);
        Plugin = new OutscalePlugin(
            Loop.Outputs,
            new OutscaleOptions { RefreshInterval = TimeSpan.FromMinutes(1), Endpoint = endpoint, RequestTimeout = requestTimeout ?? TimeSpan.FromSeconds(30) },
            _http,
            time,
            () => Loop.NowMs);
    }

    public RemoteLoop Loop { get; } = new();

    public OutscalePlugin Plugin { get; }

    /// <summary>How far the host's clock is ahead of what it should be.</summary>
    public TimeSpan ClockOffset { get; set; }

    /// <summary>What the host's clock should show.</summary>
    public DateTimeOffset Now => Epoch.AddMilliseconds(Loop.NowMs);

    public TimeSpan? DueIn => Loop.Outputs.NextDueMs is { } due ? TimeSpan.FromMilliseconds(due - Loop.NowMs) : null;

    public RemoteOutput Add(string publicIpId, string? secretKey = null, string accessKey = FakeOutscale.AccessKey)
    {
        using JsonDocument json = JsonDocument.Parse(
            $$"""{"access_key":"{{accessKey}}","secret_key":"{{secretKey ?? FakeOutscale.SecretKey}}","region":"EU-West-2","public_ip_id":"{{publicIpId}}","nic_id":"{{_nic}}"}""");
        Validated<PluginConfig> config = Plugin.Read(json.RootElement, stored: false);
        Assert.Empty(config.Errors);
        return (RemoteOutput)Plugin.Create(new OutputTarget($"vip-{++_lastId}", config.Value!.ElectionKey, "web-1"), config.Value);
    }

    /// <summary>Waits until no call is under way.</summary>
    public Task IdleAsync(params RemoteOutput[] outputs) => Loop.UntilAsync(() => Array.TrueForAll(outputs, output => output is { Call: null, IsQueued: false }));

    public async Task ActivateAsync(RemoteOutput output)
    {
        output.Activate(15, 1);
        await IdleAsync(output);
    }

    public async Task DeactivateAsync(RemoteOutput output)
    {
        output.Deactivate();
        await IdleAsync(output);
    }

    /// <summary>Lets time pass until something is due, and waits for its end.</summary>
    public async Task NextAsync(params RemoteOutput[] outputs)
    {
        Loop.Pass((long)DueIn!.Value.TotalMilliseconds);
        await IdleAsync(outputs);
    }

    public void Dispose()
    {
        Loop.Dispose();
        _http.Dispose();
    }

    private sealed class HostTime(Func<DateTimeOffset> now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now();
    }
}
