using Google.Protobuf;
using Link.Core.Api;
using Link.Core.Election;
using Link.Core.Etcd;
using Link.Core.HealthChecks;
using Link.Core.Net;
using Link.Core.Plugins;
using Link.Core.Plugins.Arp;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>What the API asks for. Called on any thread; the state is read and changed on the loop.</summary>
internal sealed partial class LinkAgent : IAgentControl
{
    public Task<AgentSnapshot> GetStatusAsync(CancellationToken cancel) => _loop.InvokeAsync(() =>
    {
        bool answers = _elector.Etcd == EtcdState.Ok;
        return new AgentSnapshot
        {
            Version = _version,
            Hostname = _options.Hostname,
            Healthy = answers && _elector.IsServing,
            Reason = !answers ? $"etcd {_etcd.Endpoint} does not answer" : _elector.IsServing ? null : "the agent is still joining the cluster",
            Etcd = Word(_elector.Etcd),
            EtcdEndpoint = _etcd.Endpoint,
            Drained = _elector.Drained,
            Endpoints = _entries.Count,
            Activated = Activated(),
        };
    }).WaitAsync(cancel);

    public Task<IReadOnlyList<EndpointSnapshot>> ListAsync(CancellationToken cancel) =>
        _loop.InvokeAsync<IReadOnlyList<EndpointSnapshot>>(() => [.. _entries.Values.OrderBy(e => e.Id, StringComparer.Ordinal).Select(Show)]).WaitAsync(cancel);

    public Task<EndpointSnapshot?> FindAsync(string id, CancellationToken cancel) =>
        _loop.InvokeAsync(() => _entries.TryGetValue(id, out EndpointEntry? entry) ? Show(entry) : null).WaitAsync(cancel);

    public Task<IReadOnlyList<string>?> HostsAsync(string id, CancellationToken cancel) =>
        _loop.InvokeAsync<IReadOnlyList<string>?>(() =>
            _elector.Endpoints.TryGetValue(id, out Endpoint? endpoint) ? [.. endpoint.Others.Append(_options.Hostname).Order(StringComparer.Ordinal)]
            : _entries.ContainsKey(id) ? []
            : null).WaitAsync(cancel);

    public async Task<Outcome> AddAsync(NewEndpoint wish, CancellationToken cancel)
    {
        var faults = new Dictionary<string, IReadOnlyList<string>>();
        IReadOnlyList<HealthCheck> checks = ReadChecks(wish.Checks, wish.HealthcheckIntervalSeconds, faults);
        if (wish.Plugin != EndpointRecord.ArpPlugin)
        {
            faults["plugin"] = [$"\"{wish.Plugin}\" is not known; this agent has: {EndpointRecord.ArpPlugin}"];
            return Invalid(faults);
        }

        Validated<ArpConfig> parsed = ArpConfig.Parse(wish.PluginConfig);
        foreach ((string field, IReadOnlyList<string> messages) in parsed.Errors)
            faults[field == "plugin_config" ? field : $"plugin_config.{field}"] = messages;
        ArpConfig? config = parsed.Value;
        if (config != null && (config.Interface ?? _options.Interface) == null)
            faults["plugin_config.interface"] = ["is missing: name an interface here, or set INTERFACE for the agent"];
        if (config == null || faults.Count > 0)
            return Invalid(faults);

        var record = new EndpointRecord
        {
            Id = EndpointId.New(),
            Checks = checks,
            HealthcheckInterval = wish.HealthcheckIntervalSeconds,
            Plugin = wish.Plugin,
            PluginConfig = config.ToJson(),
        };
        Task<Outcome> added = await _loop.InvokeAsync(() => Add(record, config)).WaitAsync(cancel).ConfigureAwait(false);
        return await added.WaitAsync(cancel).ConfigureAwait(false);
    }

    public async Task<Outcome> SetChecksAsync(string id, IReadOnlyList<HealthCheckContract> wish, CancellationToken cancel)
    {
        var faults = new Dictionary<string, IReadOnlyList<string>>();
        IReadOnlyList<HealthCheck> checks = ReadChecks(wish, 0, faults);
        if (faults.Count > 0)
            return Invalid(faults);
        EndpointRecord? changed = await _loop.InvokeAsync(() => _entries.TryGetValue(id, out EndpointEntry? entry) ? entry.Record with { Checks = checks } : null).WaitAsync(cancel).ConfigureAwait(false);
        if (changed == null)
            return new Outcome(OutcomeStatus.NotFound);
        ByteString json = ByteString.CopyFrom(changed.Write());
        try
        {
            if (!await _etcd.ReplaceRecordAsync(id, json, CancellationToken.None).WaitAsync(cancel).ConfigureAwait(false))
                return new Outcome(OutcomeStatus.NotFound);
        }
        catch (EtcdException fault)
        {
            return new Outcome(OutcomeStatus.Unavailable, fault.Message);
        }

        return await _loop.InvokeAsync(() =>
        {
            if (!_entries.TryGetValue(id, out EndpointEntry? entry))
                return new Outcome(OutcomeStatus.NotFound);
            entry.Record = changed;
            entry.Json = json;
            StartChecks(entry);
            return new Outcome(OutcomeStatus.Done, Endpoint: Show(entry));
        }).WaitAsync(cancel).ConfigureAwait(false);
    }

    public async Task<Outcome> DeleteAsync(string id, CancellationToken cancel)
    {
        bool foreign = await _loop.InvokeAsync(() => _entries.TryGetValue(id, out EndpointEntry? entry) && entry.Output == null).WaitAsync(cancel).ConfigureAwait(false);
        if (!foreign)
            return await CommandAsync(command => new ElectorInput.RemoveEndpoint(command, id), cancel).ConfigureAwait(false);
        try
        {
            await _etcd.DeleteRecordAsync(id, CancellationToken.None).WaitAsync(cancel).ConfigureAwait(false);
        }
        catch (EtcdException fault)
        {
            return new Outcome(OutcomeStatus.Unavailable, fault.Message);
        }

        await _loop.InvokeAsync(() => _entries.Remove(id)).WaitAsync(cancel).ConfigureAwait(false);
        return new Outcome(OutcomeStatus.Done);
    }

    public async Task<Outcome> FailoverAsync(string id, string? toHost, CancellationToken cancel)
    {
        long lease = 0;
        if (toHost != null)
        {
            try
            {
                lease = await _etcd.FindLeaseAsync(toHost, cancel).ConfigureAwait(false);
            }
            catch (EtcdException fault)
            {
                return new Outcome(OutcomeStatus.Unavailable, fault.Message);
            }
        }

        return await CommandAsync(command => new ElectorInput.Failover(command, id, toHost, lease), cancel).ConfigureAwait(false);
    }

    public Task<Outcome> TryLockAsync(string id, CancellationToken cancel) => CommandAsync(command => new ElectorInput.TryLock(command, id), cancel);

    public Task<Outcome> DrainAsync(CancellationToken cancel) => CommandAsync(command => new ElectorInput.Drain(command), cancel);

    public Task<Outcome> UndrainAsync(CancellationToken cancel) => CommandAsync(command => new ElectorInput.Undrain(command), cancel);

    public Task<Outcome> RotateSecretsAsync(bool force, CancellationToken cancel) =>
        Task.FromResult(new Outcome(OutcomeStatus.Failed, "this agent does not rotate secrets yet"));

    public Task<RotationSnapshot> GetRotationAsync(CancellationToken cancel) => Task.FromResult(new RotationSnapshot());

    // ---- on the loop -----------------------------------------------------------------------------

    private Task<Outcome> Add(EndpointRecord record, ArpConfig config)
    {
        if (_options.MaxNumberOfEndpoints >= 0 && _entries.Count >= _options.MaxNumberOfEndpoints)
        {
            string text = $"this host has {_entries.Count} endpoints, as many as MAX_NUMBER_OF_ENDPOINTS allows";
            return Task.FromResult(new Outcome(OutcomeStatus.Invalid, text, new Dictionary<string, IReadOnlyList<string>> { ["endpoint"] = [text] }));
        }

        if (FindTwin(config) is { } twin)
            return Task.FromResult(new Outcome(OutcomeStatus.Conflict, $"this host has {twin.Output!.Address} already, as endpoint {twin.Id}", Endpoint: Show(twin)));

        EndpointEntry entry = Register(record, config);
        var done = new TaskCompletionSource<Outcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        long command = NextCommand((status, reason) =>
        {
            if (status != AnswerStatus.Done)
            {
                done.SetResult(ToOutcome(status, reason));
                if (!_elector.Endpoints.ContainsKey(entry.Id))
                    Forget(entry);
                return;
            }

            StartChecks(entry);
            _log.Info("endpoint added", ("endpoint", entry.Id), ("key", entry.Key));
            done.SetResult(new Outcome(OutcomeStatus.Done, Endpoint: Show(entry)));
        });
        Feed(new ElectorInput.AddEndpoint(command, Spec(entry)));
        return done.Task;
    }

    /// <summary>Answer to LoadHost.</summary>
    private void OnHostLoaded(HostRecords records)
    {
        var specs = new List<EndpointSpec>();
        foreach (string fault in records.Faults)
            _log.Error("a record in etcd cannot be read; it is left alone", ("reason", fault));
        foreach (EndpointRecord record in records.Endpoints)
        {
            if (_entries.ContainsKey(record.Id))
                continue;
            Validated<ArpConfig>? parsed = record.Plugin == EndpointRecord.ArpPlugin ? ArpConfig.ReadStored(record.ParsePluginConfig()) : null;
            ArpConfig? config = parsed?.Value;
            string? reason =
                parsed == null ? $"this agent has no plugin \"{record.Plugin}\""
                : config == null ? InOneLine(parsed.Errors)
                : (config.Interface ?? _options.Interface) == null ? "no interface: set INTERFACE"
                : FindTwin(config) is { } twin ? $"endpoint {twin.Id} on this host has {twin.Output!.Address} already"
                : null;
            if (reason != null)
            {
                _entries[record.Id] = new EndpointEntry(record, null) { Reason = reason, LastError = reason, LastErrorAt = DateTimeOffset.UtcNow };
                _log.Error("an endpoint cannot be run; it is kept as it is", ("endpoint", record.Id), ("reason", reason));
                continue;
            }

            specs.Add(Spec(Register(record, config!)));
        }

        AgentRecord? other = records.Agent?.Instance == _identity.Instance ? null : records.Agent;
        Feed(new ElectorInput.HostLoaded(records.LeaseId, other?.Instance, other != null && (other.IsStopped || ProcessIdentity.IsGone(other.Process)), records.IsDrained, specs));
        foreach (EndpointSpec spec in specs)
            StartChecks(_entries[spec.Id]);
    }

    /// <summary>Another endpoint with the same address, whatever its prefix length.</summary>
    private EndpointEntry? FindTwin(ArpConfig config) =>
        _outputs.Find(VirtualAddress.Parse(config.Cidr).Host) is { } output ? _entries[output.EndpointId] : null;

    private EndpointEntry Register(EndpointRecord record, ArpConfig config)
    {
        var output = new ArpOutput(record.Id, VirtualAddress.Parse(config.Cidr), config.Interface ?? _options.Interface!);
        var entry = new EndpointEntry(record, output)
        {
            Key = config.ElectionKey,
            OnEtcdLoss = config.OnEtcdLoss == null ? _options.OnEtcdLoss : EtcdLossPolicyWord.Parse(config.OnEtcdLoss) ?? _options.OnEtcdLoss,
        };
        _entries[entry.Id] = entry;
        _outputs.Add(output);
        return entry;
    }

    private void Forget(EndpointEntry entry)
    {
        _entries.Remove(entry.Id);
        _outputs.Remove(entry.Output!);
    }

    private EndpointSpec Spec(EndpointEntry entry) => new(entry.Id, entry.Key, entry.OnEtcdLoss, OnLan: true, OutputFault: _outputs.Fault(entry.Output!));

    private void StartChecks(EndpointEntry entry)
    {
        entry.ChecksGeneration = _checks.Set(entry.Id, entry.Record.Checks, TimeSpan.FromSeconds(entry.Record.HealthcheckInterval));
    }

    private long NextCommand(Action<AnswerStatus, string?> answer)
    {
        _commands[++_lastCommand] = answer;
        return _lastCommand;
    }

    private async Task<Outcome> CommandAsync(Func<long, ElectorInput> input, CancellationToken cancel)
    {
        var done = new TaskCompletionSource<Outcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop.InvokeAsync(() =>
        {
            Feed(input(NextCommand((status, reason) => done.SetResult(ToOutcome(status, reason)))));
            return true;
        }).ConfigureAwait(false);
        return await done.Task.WaitAsync(cancel).ConfigureAwait(false);
    }

    private EndpointSnapshot Show(EndpointEntry entry)
    {
        Endpoint? endpoint = _elector.Endpoints.GetValueOrDefault(entry.Id);
        return new EndpointSnapshot
        {
            Id = entry.Id,
            Status = Word(endpoint?.State ?? (entry.Output == null ? EndpointState.Failing : EndpointState.Booting)),
            Plugin = entry.Record.Plugin,
            ElectionKey = entry.Key,
            Checks = [.. entry.Record.Checks.Select(c => new HealthCheckContract(c.Type, c.Host, c.Port))],
            HealthcheckIntervalSeconds = entry.Record.HealthcheckInterval,
            Ip = entry.Output?.Address.ToString(),
            Interface = entry.Output?.Interface,
            Holder = endpoint is { LockKnown: true, Lock: { } held } ? _elector.HasLock(endpoint) ? _options.Hostname : held.Holder : null,
            Reason = endpoint?.State == EndpointState.Failing || entry.Output == null || endpoint is { ClaimedOnLan: true } ? endpoint?.Fault ?? entry.Reason : null,
            Since = entry.Since,
            OnEtcdLoss = entry.Output == null ? null : EtcdLossPolicyWord.Of(entry.OnEtcdLoss),
            Rivals = endpoint?.Rivals ?? 0,
            LastError = entry.LastError,
            LastErrorAt = entry.LastErrorAt,
        };
    }

    private static Outcome ToOutcome(AnswerStatus status, string? reason) => new(
        status switch
        {
            AnswerStatus.Done => OutcomeStatus.Done,
            AnswerStatus.NotFound => OutcomeStatus.NotFound,
            AnswerStatus.Refused => OutcomeStatus.Conflict,
            AnswerStatus.Unavailable => OutcomeStatus.Unavailable,
            _ => OutcomeStatus.Failed,
        },
        reason);

    private static Outcome Invalid(Dictionary<string, IReadOnlyList<string>> faults) =>
        new(OutcomeStatus.Invalid, InOneLine(faults), faults);

    private static string InOneLine(IReadOnlyDictionary<string, IReadOnlyList<string>> faults)
    {
        var lines = new List<string>();
        foreach ((string field, IReadOnlyList<string> messages) in faults)
            lines.Add($"{field} {messages[0]}");
        return string.Join("; ", lines);
    }

    private static IReadOnlyList<HealthCheck> ReadChecks(IReadOnlyList<HealthCheckContract> wish, int intervalSeconds, Dictionary<string, IReadOnlyList<string>> faults)
    {
        HealthCheck[] checks = [.. wish.Select(c => new HealthCheck(c.Type, c.Host, c.Port))];
        foreach ((string field, IReadOnlyList<string> messages) in HealthCheck.Validate(checks, intervalSeconds))
            faults[field] = messages;
        return checks;
    }
}
