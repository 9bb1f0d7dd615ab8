using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Link.Tests.Bed;

/// <summary>
/// LinK's agent on a host of the bed, played by the transactions that LinK makes, its defects included: it renews its lease and polls each lock once an
/// interval, tries at once when another host changes <c>/link/ips/{key}</c>, holds what carries its lease however that came about, adds addresses without
/// mark and lifetime, keeps the address after a planned failover until its next poll, and leaves addresses and lease behind when it stops.
/// </summary>
internal sealed class LinKAgent : IAsyncDisposable
{
    private const int AnnouncementsAfterActivation = 3; // ARP_GRATUITOUS_COUNT
    private const string Competitors = "/link/ips/";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly AgentHost _host;
    private readonly EtcdGateway _etcd;
    private readonly LinKVersion _version;
    private readonly TimeSpan _interval;

    /// <summary>By id. Held by whoever works on them, as is everything else of the agent.</summary>
    private readonly Dictionary<string, LinKEndpoint> _endpoints = [];
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Channel<string> _news = Channel.CreateBounded<string>(4096);
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private TaskCompletionSource _polled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LinKAgent(AgentHost host, EtcdGateway etcd, LinKVersion version, TimeSpan interval, string name) =>
        (_host, _etcd, _version, _interval, Name) = (host, etcd, version, interval, name);

    /// <summary>HOSTNAME.</summary>
    internal string Name { get; }

    internal long LeaseId { get; private set; }

    private int TtlSeconds => (int)Math.Ceiling(5 * _interval.TotalSeconds);

    private string ConfigKey => $"/link/config/{Name}";

    /// <summary>Goes on with the lease and the endpoints that etcd has of this host.</summary>
    internal static async Task<LinKAgent> StartAsync(AgentHost host, EtcdGateway etcd, LinKVersion version, TimeSpan interval, string name)
    {
        var agent = new LinKAgent(host, etcd, version, interval, name);
        await agent.LoadAsync();
        if (version.HasCompetitorKeys)
            await etcd.WatchAllAsync(Competitors, seen => agent._news.Writer.TryWrite(seen.Key), agent._stop.Token);
        agent._work = Task.WhenAll(agent.RenewAsync(), agent.PollAsync(), agent.AnnounceAsync());
        return agent;
    }

    /// <returns>The new endpoint's id.</returns>
    internal async Task<string> AddAsync(IPAddress address)
    {
        var endpoint = new LinKEndpoint($"vip-{Guid.NewGuid()}", address);
        return await InTurnAsync(async () =>
        {
            await _etcd.PutAsync($"/link/hosts/{Name}/{endpoint.Id}", RecordOf(endpoint));
            _endpoints.Add(endpoint.Id, endpoint);
            await CompeteAsync(endpoint);
            await TryAsync([endpoint]);
            return endpoint.Id;
        });
    }

    internal bool IsActivated(string id) => _endpoints[id] is { IsActivated: true, IsFailing: false };

    internal Task<int> CountActivatedAsync() => InTurnAsync(() => Task.FromResult(_endpoints.Values.Count(endpoint => endpoint.IsActivated == true)));

    /// <summary>Addresses of its endpoints.</summary>
    internal Task<IReadOnlyList<IPAddress>> AddressesAsync() =>
        InTurnAsync(() => Task.FromResult<IReadOnlyList<IPAddress>>([.. _endpoints.Values.Select(endpoint => endpoint.Address)]));

    /// <summary>
    /// The planned failover, right after a poll. The address stays until the next one, which would take the lock again if no other host had it by then.
    /// </summary>
    /// <exception cref="InvalidOperationException">Refused, as LinK does.</exception>
    internal async Task FailoverAsync(string id)
    {
        await _polled.Task.WaitAsync(Patience);
        await InTurnAsync(() => GiveAwayAsync(_endpoints[id]));
    }

    private async Task<bool> GiveAwayAsync(LinKEndpoint endpoint)
    {
        if (endpoint.IsActivated != true || !(await _etcd.ListAsync($"{Competitors}{endpoint.Key}")).Any(pair => pair.Key != CompetitorKey(endpoint)))
            throw new InvalidOperationException($"{Name} does not hold {endpoint.Address}, or no other host competes for it");
        await _etcd.DeleteIfLeaseAsync(endpoint.LockKey, LeaseId);
        await CompeteAsync(endpoint);
        return true;
    }

    internal Task DeleteAsync(string id) => InTurnAsync(async () =>
    {
        _endpoints.Remove(id, out var endpoint);
        await _etcd.DeleteIfLeaseAsync(endpoint!.LockKey, LeaseId);
        await _etcd.DeleteAsync(CompetitorKey(endpoint));
        await _etcd.DeleteAsync($"/link/hosts/{Name}/{id}");
        await ChangeAsync([$"addr del {endpoint.Address}/32 dev {AgentHost.Interface}"]);
        return true;
    });

    /// <summary>The endpoint's check fails, or succeeds again. LinK deletes its lock and tells nobody.</summary>
    internal Task SetFailingAsync(string id, bool failing) => InTurnAsync(async () =>
    {
        var endpoint = _endpoints[id];
        endpoint.IsFailing = failing;
        if (failing)
        {
            endpoint.IsActivated = false;
            await ChangeAsync([$"addr del {endpoint.Address}/32 dev {AgentHost.Interface}"]);
            await _etcd.DeleteIfLeaseAsync(endpoint.LockKey, LeaseId);
        }
        return true;
    });

    /// <summary>A new lease takes the old one's place in the host's record and on its locks, as LinK does when it finds the old one expired.</summary>
    /// <returns>The old one.</returns>
    internal Task<long> ReplaceLeaseAsync() => InTurnAsync(ReplaceAsync);

    /// <summary>Ends it as SIGTERM and SIGKILL do: addresses and lease stay.</summary>
    internal async Task StopAsync()
    {
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _work;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _turn.Dispose();
    }

    public override string ToString() => $"LinK {_version.Name} on {Name}";

    private async Task LoadAsync()
    {
        if (await _etcd.GetAsync(ConfigKey) is { } config && (long?)JsonNode.Parse(config)!["lease_id"] is { } lease && lease != 0 && await _etcd.KeepAliveAsync(lease))
            LeaseId = lease;
        else
            await GrantAsync();
        // Without the closing slash: h1 loads what h10 has too.
        foreach (var (_, json) in await _etcd.ListAsync($"/link/hosts/{Name}"))
        {
            var record = JsonNode.Parse(json)!;
            var text = (string?)record["ip"] is { Length: > 0 } ip ? ip : (string)record["plugin_config"]!["ip"]!;
            var endpoint = new LinKEndpoint((string)record["id"]!, IPAddress.Parse(text.Split('/')[0]));
            _endpoints.Add(endpoint.Id, endpoint);
            await CompeteAsync(endpoint);
        }
    }

    private async Task GrantAsync()
    {
        LeaseId = await _etcd.GrantAsync(TtlSeconds);
        // LinK knows no other fields, so that what others wrote goes.
        var record = new JsonObject { ["hostname"] = Name, ["lease_id"] = LeaseId };
        if (_version.DataVersion is { } dataVersion)
            record["data_version"] = dataVersion;
        await _etcd.PutAsync(ConfigKey, record.ToJsonString());
    }

    private async Task<long> ReplaceAsync()
    {
        var old = LeaseId;
        await GrantAsync();
        foreach (var endpoint in _endpoints.Values)
            await _etcd.PutIfLeaseAsync(endpoint.LockKey, Name, old, LeaseId);
        return old;
    }

    private string RecordOf(LinKEndpoint endpoint)
    {
        var record = new JsonObject { ["id"] = endpoint.Id, ["ip"] = _version.HasPlugins ? "" : $"{endpoint.Address}/32" };
        if (!_version.HasCompetitorKeys)
            record["keepalive_interval"] = 0;
        record["healthcheck_interval"] = 0;
        if (_version.HasPlugins)
        {
            record["plugin"] = "arp";
            record["plugin_config"] = new JsonObject { ["ip"] = $"{endpoint.Address}/32" };
        }
        return record.ToJsonString();
    }

    private string CompetitorKey(LinKEndpoint endpoint) => $"{Competitors}{endpoint.Key}/{Name}";

    private async Task CompeteAsync(LinKEndpoint endpoint)
    {
        var now = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture);
        if (_version.HasCompetitorKeys)
            await _etcd.PutAsync(CompetitorKey(endpoint), $$"""{"updated_at":"{{now}}"}""");
    }

    /// <summary>Not in turn: whatever there is to do for many endpoints on a busy machine, the lease does not end.</summary>
    private async Task RenewAsync()
    {
        using var interval = new PeriodicTimer(_interval);
        try
        {
            while (await interval.WaitForNextTickAsync(_stop.Token))
                await WithoutFaultAsync(() => _etcd.KeepAliveAsync(LeaseId));
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task PollAsync()
    {
        try
        {
            while (true)
            {
                var due = BedClock.Now + (long)_interval.TotalMilliseconds * 1_000_000;
                await InTurnWithoutFaultAsync(async () =>
                {
                    if (!await _etcd.KeepAliveAsync(LeaseId))
                        await ReplaceAsync();
                    await TryAsync([.. _endpoints.Values]);
                });
                Interlocked.Exchange(ref _polled, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
                while (await NextNewsAsync(due) is { } key)
                    await InTurnWithoutFaultAsync(() => TryAsync([.. _endpoints.Values.Where(endpoint => key.StartsWith($"{Competitors}{endpoint.Key}", StringComparison.Ordinal))]));
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    /// <returns>The key that another host changed; null: the next poll is due.</returns>
    private async Task<string?> NextNewsAsync(long due)
    {
        if (BedClock.Now >= due)
            return null;
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        wait.CancelAfter(TimeSpan.FromMilliseconds(Math.Max(1, BedClock.Milliseconds(due - BedClock.Now))));
        try
        {
            while (true)
            {
                var key = await _news.Reader.ReadAsync(wait.Token);
                if (!key.EndsWith($"/{Name}", StringComparison.Ordinal))
                    return key;
            }
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task AnnounceAsync()
    {
        using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            while (await second.WaitForNextTickAsync(_stop.Token))
            {
                await InTurnWithoutFaultAsync(() =>
                {
                    foreach (var endpoint in _endpoints.Values.Where(endpoint => endpoint is { IsActivated: true, Announcements: > 0 }))
                    {
                        endpoint.Announcements--;
                        TestBed.Announce(_host.Namespace, endpoint.Address, _host.Mac);
                    }
                    return Task.CompletedTask;
                });
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    /// <summary>Take and get, lock by lock; then what follows for the addresses.</summary>
    private async Task TryAsync(IReadOnlyList<LinKEndpoint> endpoints)
    {
        var changes = new List<string>();
        var activated = new List<LinKEndpoint>();
        foreach (var endpoint in endpoints.Where(endpoint => !endpoint.IsFailing))
        {
            await _etcd.PutIfAbsentAsync(endpoint.LockKey, Name, LeaseId);
            var holds = (await _etcd.FindAsync(endpoint.LockKey))?.Lease == LeaseId;
            if (endpoint.IsActivated == holds)
                continue;
            endpoint.IsActivated = holds;
            changes.Add($"addr {(holds ? "add" : "del")} {endpoint.Address}/32 dev {AgentHost.Interface}");
            if (holds)
                activated.Add(endpoint);
        }
        await ChangeAsync(changes);
        foreach (var endpoint in activated)
        {
            endpoint.Announcements = AnnouncementsAfterActivation;
            TestBed.Announce(_host.Namespace, endpoint.Address, _host.Mac);
        }
    }

    /// <summary>An address that is there already, or is not, is no fault.</summary>
    private async Task ChangeAsync(List<string> changes)
    {
        if (changes.Count > 0)
            await Tool.TryAsync("ip", ["-n", _host.Namespace.Name, "-force", "-batch", "-"], string.Join('\n', changes) + "\n");
    }

    private async Task<T> InTurnAsync<T>(Func<Task<T>> work)
    {
        if (!await _turn.WaitAsync(Patience))
            throw new TimeoutException($"{this} is busy");
        try
        {
            return await work();
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task InTurnWithoutFaultAsync(Func<Task> work)
    {
        await _turn.WaitAsync(_stop.Token);
        try
        {
            await WithoutFaultAsync(work);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What etcd does not answer is tried again with the next poll.</summary>
    private static async Task WithoutFaultAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException or JsonException)
        {
            // As LinK logs it and goes on.
        }
    }
}
