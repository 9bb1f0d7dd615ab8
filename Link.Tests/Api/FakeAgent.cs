using System.Text.Json;
using System.Text.Json.Nodes;
using Link.Core.Api;
using Link.Core.Plugins;
using Link.Core.Plugins.Arp;

namespace Link.Tests.Api;

/// <summary>An agent with a memory and no network. Every command can be replaced by a test.</summary>
internal sealed class FakeAgent : IAgentControl
{
    private readonly Lock _lock = new();
    private readonly List<EndpointSnapshot> _endpoints = [];
    private int _added;

    public string Etcd { get; set; } = "ok";

    public string? UnhealthyBecause { get; set; }

    public bool Drained { get; private set; }

    /// <summary>How many endpoints a part of the list has.</summary>
    public int PageOf { get; set; } = 100;

    /// <summary>Hosts that compete for every key.</summary>
    public IReadOnlyList<string> Hosts { get; set; } = ["web-1", "web-2"];

    public NewEndpoint? LastWish { get; private set; }

    public string? LastTarget { get; private set; }

    public IReadOnlyList<HealthCheckContract>? LastChecks { get; private set; }

    public string? LastLock { get; private set; }

    /// <summary>Replaces every command.</summary>
    public Func<CancellationToken, Task<Outcome>>? Command { get; set; }

    /// <summary>Replaces the answer of every question.</summary>
    public Func<CancellationToken, Task>? Question { get; set; }

    /// <summary>Of the next endpoint that is added.</summary>
    public string? AddedReason { get; set; }

    /// <summary>How often an added endpoint is asked for before it leaves BOOTING, and one that was handed over finds its holder.</summary>
    public int Delay { get; set; }

    /// <summary>What is shown of an endpoint's output and its last error, one each time that it is asked for; the last one stays.</summary>
    public Queue<(string Output, string? Error)> Outputs { get; } = new();

    /// <summary>How the rotation of secrets is.</summary>
    public RotationSnapshot Rotation { get; set; } = new();

    public bool? LastForce { get; private set; }

    private readonly Dictionary<string, (int Asked, EndpointSnapshot Then)> _later = [];

    /// <summary>Everything that was added or handed over has come to rest.</summary>
    public void Settle()
    {
        lock (_lock)
        {
            foreach ((int _, EndpointSnapshot then) in _later.Values)
            {
                Replace(then);
            }

            _later.Clear();
        }
    }

    public void Have(params EndpointSnapshot[] endpoints)
    {
        lock (_lock)
        {
            _endpoints.AddRange(endpoints);
        }
    }

    public static EndpointSnapshot Arp(string id, string ip, string status = "ACTIVATED") =>
        new() { Id = id, Status = status, Plugin = "arp", ElectionKey = ip.Replace('/', '_'), Ip = ip };

    public async Task<AgentSnapshot> GetStatusAsync(CancellationToken cancel)
    {
        await AskedAsync(cancel);
        return new AgentSnapshot
        {
            Version = "1.2.3",
            Hostname = "web-1",
            Healthy = UnhealthyBecause is null,
            Reason = UnhealthyBecause,
            Etcd = Etcd,
            EtcdEndpoint = "http://10.0.0.5:2379",
            Drained = Drained,
            Endpoints = _endpoints.Count,
            Activated = _endpoints.Count(endpoint => endpoint.Status == "ACTIVATED"),
        };
    }

    public async Task<EndpointPage> ListAsync(string? after, CancellationToken cancel)
    {
        await AskedAsync(cancel);
        lock (_lock)
        {
            List<EndpointSnapshot> rest = [.. _endpoints.Where(endpoint => after is null || string.CompareOrdinal(endpoint.Id, after) > 0).OrderBy(endpoint => endpoint.Id, StringComparer.Ordinal)];
            return rest.Count <= PageOf ? new EndpointPage(rest, null) : new EndpointPage(rest[..PageOf], rest[PageOf - 1].Id);
        }
    }

    public async Task<EndpointSnapshot?> FindAsync(string id, CancellationToken cancel)
    {
        await AskedAsync(cancel);
        lock (_lock)
        {
            if (_later.TryGetValue(id, out (int Asked, EndpointSnapshot Then) later))
            {
                if (later.Asked >= Delay)
                {
                    _later.Remove(id);
                    Replace(later.Then);
                }
                else
                {
                    _later[id] = (later.Asked + 1, later.Then);
                }
            }

            EndpointSnapshot? found = _endpoints.Find(endpoint => endpoint.Id == id);
            if (found is not null && Outputs.TryDequeue(out (string Output, string? Error) call))
            {
                found = found with { Output = call.Output, LastError = call.Error };
                Replace(found);
            }

            return found;
        }
    }

    public async Task<IReadOnlyList<string>?> HostsAsync(string id, CancellationToken cancel) =>
        await FindAsync(id, cancel) is null ? null : Hosts;

    public Task<Outcome> AddAsync(NewEndpoint endpoint, CancellationToken cancel) => DoAsync(cancel, () =>
    {
        LastWish = endpoint;
        if (endpoint.HealthcheckIntervalSeconds is < 0 or > 3600)
        {
            return new Outcome(OutcomeStatus.Invalid, "healthcheck_interval must be 0 to 3600", new Dictionary<string, IReadOnlyList<string>>
            {
                ["healthcheck_interval"] = ["must be 0 to 3600"],
            });
        }

        bool isArp = endpoint.Plugin == "arp";
        Validated<ArpConfig>? arp = isArp ? ArpConfig.Read(endpoint.PluginConfig, stored: false) : null;
        if (arp is { Value: null })
        {
            return new Outcome(OutcomeStatus.Invalid, $"plugin_config {arp.Errors.First().Key} {arp.Errors.First().Value[0]}", arp.Errors);
        }

        string? ip = arp?.Value!.Cidr;
        string? key = endpoint.Plugin switch
        {
            "arp" => arp!.Value!.ElectionKey,
            "webhook" => $"webhook/{Field(endpoint.PluginConfig, "resource_id")}",
            "outscale_public_ip" => $"outscale_public_ip/{Field(endpoint.PluginConfig, "public_ip_id")}",
            "exec" => $"exec/{Field(endpoint.PluginConfig, "resource_id")}",
            _ => null,
        };
        if (key is null)
        {
            return new Outcome(OutcomeStatus.Invalid, $"plugin \"{endpoint.Plugin}\" is not known", new Dictionary<string, IReadOnlyList<string>> { ["plugin"] = ["is not known"] });
        }

        if (_endpoints.Any(other => other.ElectionKey == key))
        {
            return new Outcome(OutcomeStatus.Conflict, $"this host has an endpoint for {key} already");
        }

        EndpointSnapshot added = new()
        {
            Id = $"vip-00000000-0000-4000-8000-{++_added:d12}",
            Status = "BOOTING",
            Reason = AddedReason,
            Plugin = endpoint.Plugin,
            ElectionKey = key,
            Ip = ip,
            Checks = endpoint.Checks,
            HealthcheckIntervalSeconds = endpoint.HealthcheckIntervalSeconds,
            Interface = isArp && endpoint.PluginConfig.TryGetProperty("interface", out var name) ? name.GetString() : null,
            OnEtcdLoss = isArp && endpoint.PluginConfig.TryGetProperty("on_etcd_loss", out var policy) ? policy.GetString() : null,
            PluginConfigJson = isArp ? null : Masked(endpoint.PluginConfig),
        };
        _endpoints.Add(added);
        _later[added.Id] = (0, added with { Status = "ACTIVATED", Holder = "web-1", Since = DateTimeOffset.UnixEpoch.AddDays(1) });
        return new Outcome(OutcomeStatus.Done, Endpoint: added);
    });

    public Task<Outcome> SetChecksAsync(string id, IReadOnlyList<HealthCheckContract> checks, CancellationToken cancel) => DoAsync(cancel, () => With(id, endpoint =>
    {
        LastChecks = checks;
        EndpointSnapshot changed = endpoint with { Checks = checks };
        Replace(changed);
        return new Outcome(OutcomeStatus.Done, Endpoint: changed);
    }));

    public Task<Outcome> DeleteAsync(string id, CancellationToken cancel) => DoAsync(cancel, () => With(id, endpoint =>
    {
        _endpoints.Remove(endpoint);
        return new Outcome(OutcomeStatus.Done);
    }));

    public Task<Outcome> FailoverAsync(string id, string? toHost, CancellationToken cancel) => DoAsync(cancel, () => With(id, endpoint =>
    {
        LastTarget = toHost;
        if (endpoint.Status != "ACTIVATED")
        {
            return new Outcome(OutcomeStatus.Conflict, "web-1 is not the holder");
        }

        if (Hosts.Count < 2)
        {
            return new Outcome(OutcomeStatus.Conflict, "no other host competes");
        }

        EndpointSnapshot standby = endpoint with { Status = "STANDBY", Holder = null, Since = DateTimeOffset.UnixEpoch.AddDays(2) };
        Replace(standby);
        _later[id] = (0, standby with { Holder = toHost ?? "web-2" });
        return new Outcome(OutcomeStatus.Done);
    }));

    public Task<Outcome> TryLockAsync(string id, CancellationToken cancel) => DoAsync(cancel, () => With(id, endpoint =>
    {
        LastLock = id;
        return new Outcome(OutcomeStatus.Done);
    }));

    public Task<Outcome> DrainAsync(CancellationToken cancel) => DoAsync(cancel, () =>
    {
        Drained = true;
        return new Outcome(OutcomeStatus.Done, "1 endpoint handed over");
    });

    public Task<Outcome> UndrainAsync(CancellationToken cancel) => DoAsync(cancel, () =>
    {
        Drained = false;
        return new Outcome(OutcomeStatus.Done);
    });

    public Task<Outcome> RotateSecretsAsync(bool force, CancellationToken cancel) => DoAsync(cancel, () =>
    {
        LastForce = force;
        return new Outcome(OutcomeStatus.Done);
    });

    public async Task<RotationSnapshot> GetRotationAsync(CancellationToken cancel)
    {
        await AskedAsync(cancel);
        return Rotation;
    }

    private Task AskedAsync(CancellationToken cancel) => Question?.Invoke(cancel) ?? Task.CompletedTask;

    private async Task<Outcome> DoAsync(CancellationToken cancel, Func<Outcome> command)
    {
        if (Command is not null)
        {
            return await Command(cancel);
        }

        lock (_lock)
        {
            return command();
        }
    }

    private Outcome With(string id, Func<EndpointSnapshot, Outcome> command) =>
        _endpoints.Find(endpoint => endpoint.Id == id) is { } endpoint ? command(endpoint) : new Outcome(OutcomeStatus.NotFound, $"no endpoint {id}");

    private void Replace(EndpointSnapshot changed) => _endpoints[_endpoints.FindIndex(endpoint => endpoint.Id == changed.Id)] = changed;

    private static string? Field(JsonElement config, string name) => config.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static string Masked(JsonElement config)
    {
        JsonObject shown = JsonObject.Create(config)!;
        foreach (string secret in new[] { "secret", "access_key", "secret_key" })
        {
            if (shown.ContainsKey(secret))
            {
                shown[secret] = "***";
            }
        }

        foreach (string header in shown["headers"] is JsonObject headers ? headers.Select(field => field.Key).ToArray() : [])
        {
            shown["headers"]![header] = "***";
        }

        return shown.ToJsonString();
    }
}
