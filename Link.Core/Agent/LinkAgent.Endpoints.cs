using System.Text.Json;
using Google.Protobuf;
using Link.Core.Api;
using Link.Core.Election;
using Link.Core.HealthChecks;
using Link.Core.Plugins;
using Link.Core.Secrets;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>How endpoints come into being: by a wish, or from etcd.</summary>
internal sealed partial class LinkAgent
{
    public async Task<Outcome> AddAsync(NewEndpoint wish, CancellationToken cancel)
    {
        var faults = new Dictionary<string, IReadOnlyList<string>>();
        IReadOnlyList<HealthCheck> checks = ReadChecks(wish.Checks, wish.HealthcheckIntervalSeconds, faults);
        if (!_plugins.TryGetValue(wish.Plugin, out IPlugin? plugin))
        {
            faults["plugin"] = [$"\"{ForeignText.Quotable(wish.Plugin)}\" is not known; this agent has: {string.Join(", ", _plugins.Keys)}"];
            return Invalid(faults);
        }

        Validated<PluginConfig> parsed = plugin.Read(wish.PluginConfig, stored: false);
        foreach ((string field, IReadOnlyList<string> messages) in parsed.Errors)
            faults[field == "plugin_config" ? field : $"plugin_config.{field}"] = messages;
        if (parsed.Value is not { } config || faults.Count > 0)
            return Invalid(faults);

        string id = EndpointId.New();
        SealedConfig sealedConfig = EndpointSecrets.Seal(_options.Hostname, id, config.ToJson(), SecretsOfPlugin.Of(plugin), _keys, _options.SecretStorageFormat);
        foreach (SecretFault fault in sealedConfig.Faults)
            faults[$"plugin_config.{fault.Field}"] = [fault.Message];
        if (sealedConfig.Config is not { } toStore)
            return Invalid(faults);
        var record = new EndpointRecord
        {
            Id = id,
            Checks = checks,
            HealthcheckInterval = wish.HealthcheckIntervalSeconds,
            Plugin = wish.Plugin,
            PluginConfig = toStore,
        };
        var loaded = new LoadedEndpoint(record, new EndpointData(ByteString.CopyFrom(record.Write()), ToPairs(sealedConfig.Secrets)), plugin, config, config.ElectionKey, null);
        await WaitUntilJoinedAsync(cancel).ConfigureAwait(false);
        await LearnNeedsAsync(cancel).ConfigureAwait(false);
        Task<Outcome> added = await _loop.InvokeAsync(() => Add(loaded)).WaitAsync(cancel).ConfigureAwait(false);
        return await added.WaitAsync(cancel).ConfigureAwait(false);
    }

    // ---- on the loop -----------------------------------------------------------------------------

    private Task<Outcome> Add(LoadedEndpoint loaded)
    {
        if (_options.MaxNumberOfEndpoints >= 0 && _entries.Count >= _options.MaxNumberOfEndpoints)
        {
            string text = $"this host has {_entries.Count} endpoints, as many as MAX_NUMBER_OF_ENDPOINTS allows";
            return Task.FromResult(new Outcome(OutcomeStatus.Invalid, text, new Dictionary<string, IReadOnlyList<string>> { ["endpoint"] = [text] }));
        }

        if (loaded.Plugin!.FindRefusal(loaded.Config!) is { } refusal)
            return Task.FromResult(Invalid(new Dictionary<string, IReadOnlyList<string>> { [$"plugin_config.{refusal.Field}"] = [refusal.Message] }));
        if (FindTwin(loaded) is { } twin)
            return Task.FromResult(new Outcome(OutcomeStatus.Conflict, $"this host has {NameOf(twin)} already, as endpoint {twin.Id}", Endpoint: Show(twin)));

        EndpointEntry entry = Register(loaded);
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

    /// <summary>Off the loop: many secrets to open take their time.</summary>
    private async Task OnHostReadAsync(HostRecords records)
    {
        // Before the first endpoint is judged.
        try
        {
            await _needed.RefreshAsync().ConfigureAwait(false);
        }
        catch (TimeoutException fault)
        {
            _log.Warning("what this host needs is not known yet, and endpoints are judged later", ("reason", fault.Message));
        }

        var loaded = new List<LoadedEndpoint>();
        foreach (Stored<EndpointRecord> endpoint in records.Data.Endpoints)
        {
            if (endpoint.Record is { } record)
                loaded.Add(Load(endpoint, record, records.Data.Secrets));
        }

        _loop.Post(() => OnHostLoaded(records, loaded));
    }

    /// <summary>Reads what etcd has of an endpoint. What cannot be read or opened concerns that endpoint alone.</summary>
    private LoadedEndpoint Load(Stored<EndpointRecord> endpoint, EndpointRecord record, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets)
    {
        EndpointData stored = StoredOf(endpoint, record, secrets);
        try
        {
            return Load(record, stored, secrets);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: JSON can have it, a text cannot.
            return new LoadedEndpoint(record, stored, null, null, null, "plugin_config has text that is not UTF-8");
        }
    }

    /// <exception cref="InvalidOperationException">Something in the configuration is not text.</exception>
    private LoadedEndpoint Load(EndpointRecord record, EndpointData stored, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets)
    {
        if (!_plugins.TryGetValue(record.Plugin, out IPlugin? plugin))
            return new LoadedEndpoint(record, stored, null, null, null, $"this agent has no plugin \"{record.Plugin}\"");
        if (record.Checks.FirstOrDefault(static check => check.Type != HealthCheck.Tcp) is { } unknown)
        {
            return new LoadedEndpoint(
                record, stored, plugin, null, plugin.FindElectionKey(record.ParsePluginConfig()),
                $"this agent has no check of type \"{ForeignText.OneLine(unknown.Type)}\": update it, or replace the checks and start it again");
        }

        OpenedConfig opened = EndpointSecrets.Open(_options.Hostname, record.Id, record.PluginConfig, SecretsOfPlugin.Of(plugin), secrets, _keys);
        if (opened.Config is not { } config)
            return new LoadedEndpoint(record, stored, plugin, null, plugin.FindElectionKey(record.ParsePluginConfig()), string.Join("; ", opened.Faults));
        Validated<PluginConfig> parsed = plugin.Read(ParseOpened(config), stored: true);
        return new LoadedEndpoint(record, stored, plugin, parsed.Value, parsed.Value?.ElectionKey, parsed.Value == null ? InOneLine(parsed.Errors) : null);
    }

    private static JsonElement ParseOpened(Secret config)
    {
        using JsonDocument document = JsonDocument.Parse(config.Reveal());
        return document.RootElement.Clone();
    }

    private static StoredValue[] ToPairs(IReadOnlyList<SecretPut> secrets) =>
        [.. secrets.Select(static secret => new StoredValue(secret.Key, UnsafeByteOperations.UnsafeWrap(secret.Record.Write())))];

    private void OnHostLoaded(HostRecords records, IReadOnlyList<LoadedEndpoint> endpoints)
    {
        foreach (string fault in records.Faults)
            _log.Warning("a record in etcd cannot be read; it is left alone", ("reason", fault));
        // Read again because another agent had our name: what was there then is not what is there now.
        foreach (EndpointEntry entry in _entries.Values.ToArray())
        {
            _checks.Remove(entry.Id);
            Forget(entry);
        }

        var specs = new List<EndpointSpec>();
        foreach (LoadedEndpoint loaded in endpoints)
        {
            if (_entries.ContainsKey(loaded.Record.Id))
                continue;
            string? reason = loaded.Key == null ? loaded.Fault : FindTwin(loaded) is { } twin ? $"endpoint {twin.Id} on this host has {NameOf(twin)} already" : null;
            EndpointEntry entry = reason == null ? Register(loaded) : new EndpointEntry(loaded.Record, loaded.Stored) { Reason = reason };
            _entries[entry.Id] = entry;
            if ((reason ?? entry.Output?.Fault) is { } fault && (reason != null || entry.Output is UnusableOutput))
            {
                entry.Failed(fault);
                _log.Error("an endpoint cannot be run; it is kept as it is", ("endpoint", entry.Id), ("reason", fault));
            }

            if (reason == null)
                specs.Add(Spec(entry));
        }

        _predecessorWasLinK = records.IsLinKs;
        AgentRecord? other = records.Agent?.Instance == _identity.Instance ? null : records.Agent;
        // LinK, if it was here last, has a lease of its own.
        LeaseNote? note = records.IsLinKs ? null : LeaseNote.Read(_notePath, _options.Hostname);
        Feed(new ElectorInput.HostLoaded(
            note?.LeaseId ?? records.LeaseId,
            other?.Instance ?? (records.AgentIsUnreadable ? AgentRecord.Unreadable : null),
            other != null && (other.IsStopped || ProcessIdentity.IsGone(other.Process)),
            records.IsDrained,
            specs,
            other is { Reach: { } reach } && NamesakeMessage.ParseReach(reach) != null ? reach : null,
            note != null));
        foreach (EndpointSpec spec in specs)
            StartChecks(_entries[spec.Id]);
    }

    /// <summary>Another endpoint of this host with the same output.</summary>
    private EndpointEntry? FindTwin(LoadedEndpoint loaded)
    {
        string? id = loaded.Key == null ? null : _byKey.GetValueOrDefault(loaded.Key)?.Id;
        id ??= loaded.Config == null ? null : loaded.Plugin?.FindTwin(loaded.Config);
        return id == null ? null : _entries.GetValueOrDefault(id);
    }

    private EndpointEntry Register(LoadedEndpoint loaded)
    {
        EndpointRecord record = loaded.Record;
        string key = loaded.Key!;
        string? policy = loaded.Config?.OnEtcdLoss;
        var entry = new EndpointEntry(record, loaded.Stored)
        {
            Output = loaded.Config == null
                ? new UnusableOutput(record.Id, loaded.Fault!)
                : loaded.Plugin!.Create(new OutputTarget(record.Id, key, _options.Hostname), loaded.Config),
            Config = loaded.Config,
            Key = key,
            OnEtcdLoss = policy == null ? _options.OnEtcdLoss : EtcdLossPolicyWord.Parse(policy) ?? _options.OnEtcdLoss,
        };
        _entries[entry.Id] = entry;
        _byKey[key] = entry;
        return entry;
    }

    private void Forget(EndpointEntry entry)
    {
        _entries.Remove(entry.Id);
        if (_byKey.GetValueOrDefault(entry.Key) == entry)
            _byKey.Remove(entry.Key);
        entry.Output?.Remove();
    }

    private static EndpointSpec Spec(EndpointEntry entry) =>
        new(entry.Id, entry.Key, entry.OnEtcdLoss, entry.Output!.IsOnLan, entry.Output.Fault, entry.Record.LeaseId);

    private void StartChecks(EndpointEntry entry) =>
        entry.ChecksGeneration = _checks.Set(entry.Id, entry.Output is UnusableOutput ? [] : entry.Record.Checks, TimeSpan.FromSeconds(entry.Record.HealthcheckInterval));

    private static IReadOnlyList<HealthCheck> ReadChecks(IReadOnlyList<HealthCheckContract> wish, int intervalSeconds, Dictionary<string, IReadOnlyList<string>> faults)
    {
        HealthCheck[] checks = [.. wish.Select(c => new HealthCheck(c.Type, c.Host, c.Port))];
        foreach ((string field, IReadOnlyList<string> messages) in HealthCheck.Validate(checks, intervalSeconds))
            faults[field] = messages;
        return checks;
    }
}
