using Google.Protobuf;
using Link.Core.Api;
using Link.Core.Election;
using Link.Core.Etcd;
using Link.Core.HealthChecks;
using Link.Core.Plugins;
using Link.Core.Plugins.Arp;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>What the API asks for. Called on any thread; the state is read and changed on the loop.</summary>
internal sealed partial class LinkAgent : IAgentControl
{
    /// <summary>Longer than a request to etcd may take, so that an etcd that does not answer is known by then.</summary>
    private static readonly TimeSpan JoinPatience = TimeSpan.FromSeconds(3);

    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<AgentSnapshot> GetStatusAsync(CancellationToken cancel) => LookAsync(() =>
    {
        bool answers = _elector.Etcd == EtcdState.Ok;
        return new AgentSnapshot
        {
            Version = _version,
            Hostname = _options.Hostname,
            Healthy = answers && _elector.IsServing,
            Reason = !answers ? $"etcd {_etcd.Endpoint} does not answer" : _elector.Clash ?? (_elector.IsServing ? null : "the agent is still joining the cluster"),
            Etcd = Word(_elector.Etcd),
            EtcdEndpoint = _etcd.Endpoint,
            Drained = _elector.Drained,
            Endpoints = _entries.Count,
            Activated = Activated(),
        };
    }, cancel);

    public Task<EndpointPage> ListAsync(string? after, CancellationToken cancel) => LookAsync(() => Page(after), cancel);

    public Task<EndpointSnapshot?> FindAsync(string id, CancellationToken cancel) =>
        LookAsync(() => _entries.TryGetValue(id, out EndpointEntry? entry) ? Show(entry) : null, cancel);

    public Task<IReadOnlyList<string>?> HostsAsync(string id, CancellationToken cancel) =>
        _loop.InvokeAsync<IReadOnlyList<string>?>(() =>
            _elector.Endpoints.TryGetValue(id, out Endpoint? endpoint) ? [.. endpoint.Others.Append(_options.Hostname).Order(StringComparer.Ordinal)]
            : _entries.ContainsKey(id) ? []
            : null).WaitAsync(cancel);

    public async Task<Outcome> SetChecksAsync(string id, IReadOnlyList<HealthCheckContract> wish, CancellationToken cancel)
    {
        var faults = new Dictionary<string, IReadOnlyList<string>>();
        IReadOnlyList<HealthCheck> checks = ReadChecks(wish, 0, faults);
        if (faults.Count > 0)
            return Invalid(faults);
        await WaitUntilJoinedAsync(cancel).ConfigureAwait(false);
        return await _data.ExclusivelyAsync(() => SetChecksAsync(id, checks), cancel).ConfigureAwait(false);
    }

    private async Task<Outcome> SetChecksAsync(string id, IReadOnlyList<HealthCheck> checks)
    {
        if (!await _loop.InvokeAsync(() => _entries.ContainsKey(id)).ConfigureAwait(false))
            return new Outcome(OutcomeStatus.NotFound);
        try
        {
            ReadResult<EndpointRecord> changed = await _etcd.Data.SetChecksAsync(id, checks, CancellationToken.None).ConfigureAwait(false);
            if (changed.Value == null)
                return new Outcome(changed.Error == null ? OutcomeStatus.NotFound : OutcomeStatus.Conflict, changed.Error);
        }
        catch (EtcdException fault)
        {
            return new Outcome(OutcomeStatus.Unavailable, fault.Message);
        }

        return await _loop.InvokeAsync(() =>
        {
            if (!_entries.TryGetValue(id, out EndpointEntry? entry))
                return new Outcome(OutcomeStatus.NotFound);
            entry.Record = entry.Record with { Checks = checks };
            entry.Stored = entry.Stored with { Record = ByteString.CopyFrom(entry.Record.Write()) };
            StartChecks(entry);
            return new Outcome(OutcomeStatus.Done, Endpoint: Show(entry));
        }).ConfigureAwait(false);
    }

    public async Task<Outcome> DeleteAsync(string id, CancellationToken cancel)
    {
        await WaitUntilJoinedAsync(cancel).ConfigureAwait(false);
        bool foreign = await _loop.InvokeAsync(() =>
        {
            if (!_entries.TryGetValue(id, out EndpointEntry? entry))
                return false;
            KeepShared(entry);
            return entry.Output == null;
        }).WaitAsync(cancel).ConfigureAwait(false);
        if (!foreign)
            return await CommandAsync(command => new ElectorInput.RemoveEndpoint(command, id), cancel).ConfigureAwait(false);
        try
        {
            await _etcd.Data.DeleteRecordAsync(id, CancellationToken.None).WaitAsync(cancel).ConfigureAwait(false);
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
        try
        {
            await SeeCompetitorsAsync(endpoint => endpoint.Id == id && (toHost == null ? endpoint.Others.Length == 0 : !endpoint.Others.Contains(toHost)), cancel).ConfigureAwait(false);
            if (toHost != null)
                lease = await _etcd.FindLeaseAsync(toHost, cancel).ConfigureAwait(false);
        }
        catch (EtcdException fault)
        {
            return new Outcome(OutcomeStatus.Unavailable, fault.Message);
        }

        return await CommandAsync(command => new ElectorInput.Failover(command, id, toHost, lease), cancel).ConfigureAwait(false);
    }

    public Task<Outcome> TryLockAsync(string id, CancellationToken cancel) => CommandAsync(command => new ElectorInput.TryLock(command, id), cancel);

    public async Task<Outcome> DrainAsync(CancellationToken cancel)
    {
        try
        {
            await SeeCompetitorsAsync(static endpoint => endpoint.Others.Length == 0, cancel).ConfigureAwait(false);
        }
        catch (EtcdException fault)
        {
            return new Outcome(OutcomeStatus.Unavailable, fault.Message);
        }

        return await CommandAsync(static command => new ElectorInput.Drain(command), cancel).ConfigureAwait(false);
    }

    public Task<Outcome> UndrainAsync(CancellationToken cancel) => CommandAsync(command => new ElectorInput.Undrain(command), cancel);

    public async Task<Outcome> RotateSecretsAsync(bool force, CancellationToken cancel)
    {
        await WaitUntilJoinedAsync(cancel).ConfigureAwait(false);
        return _joined.Task.IsCompleted
            ? await _data.RotateAsync(force).ConfigureAwait(false)
            : new Outcome(OutcomeStatus.Unavailable, "the agent is still joining the cluster: rotate again when it serves");
    }

    public Task<RotationSnapshot> GetRotationAsync(CancellationToken cancel) => Task.FromResult(_data.Rotation);

    /// <summary>Answers at the end of the turn, when the kernel was told: who reads that an endpoint is ACTIVATED must find its address.</summary>
    private Task<T> LookAsync<T>(Func<T> look, CancellationToken cancel) => _loop.InvokeAsync(look, _answers.Add).WaitAsync(cancel);

    // ---- on the loop -----------------------------------------------------------------------------

    /// <summary>What people call it.</summary>
    private static string NameOf(EndpointEntry entry) => (entry.Config as ArpConfig)?.Cidr ?? entry.Key;

    private long NextCommand(Action<AnswerStatus, string?> answer)
    {
        _commands[++_lastCommand] = answer;
        return _lastCommand;
    }

    /// <summary>A command that comes right after the start waits a moment, so that a script may start the agent and go on.</summary>
    private async Task WaitUntilJoinedAsync(CancellationToken cancel)
    {
        if (!_joined.Task.IsCompleted)
            await Task.WhenAny(_joined.Task, Task.Delay(JoinPatience, cancel)).ConfigureAwait(false);
    }

    /// <summary>Hosts that the watch has not told of yet count as well: etcd is asked where what is known would not do.</summary>
    /// <param name="wouldNotDo">On the loop.</param>
    private async Task SeeCompetitorsAsync(Func<Endpoint, bool> wouldNotDo, CancellationToken cancel)
    {
        await WaitUntilJoinedAsync(cancel).ConfigureAwait(false);
        List<string> keys = await _loop.InvokeAsync(() => _elector.Endpoints.Values.Where(wouldNotDo).Select(static endpoint => endpoint.Spec.Key).ToList()).ConfigureAwait(false);
        if (keys.Count == 0)
            return;
        IReadOnlyList<ElectorInput> competitors = await _etcd.FindCompetitorsAsync(keys, cancel).ConfigureAwait(false);
        await _loop.InvokeAsync(() =>
        {
            Feed(competitors);
            return true;
        }).ConfigureAwait(false);
    }

    private async Task<Outcome> CommandAsync(Func<long, ElectorInput> input, CancellationToken cancel)
    {
        await WaitUntilJoinedAsync(cancel).ConfigureAwait(false);
        var done = new TaskCompletionSource<Outcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _loop.InvokeAsync(() =>
        {
            Feed(input(NextCommand((status, reason) => done.SetResult(ToOutcome(status, reason)))));
            return true;
        }).ConfigureAwait(false);
        return await done.Task.WaitAsync(cancel).ConfigureAwait(false);
    }

    private EndpointPage Page(string? after)
    {
        var endpoints = new List<EndpointSnapshot>();
        int bytes = 0;
        for (int i = after == null ? 0 : FirstBehind(after); i < _entries.Count; i++)
        {
            EndpointSnapshot endpoint = Show(_entries.GetValueAtIndex(i));
            endpoints.Add(endpoint);
            bytes += SizeAbout(endpoint);
            if (bytes >= EndpointPage.MostBytes && i + 1 < _entries.Count)
                return new EndpointPage(endpoints, endpoint.Id);
        }

        return new EndpointPage(endpoints, null);
    }

    /// <summary>The place of the first entry behind an id, which may be gone by now.</summary>
    private int FirstBehind(string id)
    {
        int low = 0;
        for (int high = _entries.Count; low < high;)
        {
            int middle = (low + high) / 2;
            if (string.CompareOrdinal(_entries.GetKeyAtIndex(middle), id) <= 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>As JSON, in bytes.</summary>
    private static int SizeAbout(EndpointSnapshot endpoint) =>
        300 + 64 * endpoint.Checks.Count + (endpoint.PluginConfigJson?.Length ?? 0) + (endpoint.Reason?.Length ?? 0) + (endpoint.LastError?.Length ?? 0) + (endpoint.LastErrorAnswer?.Length ?? 0);

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
            Ip = (entry.Config as ArpConfig)?.Cidr,
            Interface = (entry.Output as ArpOutput)?.Interface,
            PluginConfigJson = ConfigOf(entry),
            Holder = endpoint is { LockKnown: true, Lock: { } held } ? _elector.HasLock(endpoint) ? _options.Hostname : held.Holder : null,
            Reason = (endpoint?.State == EndpointState.Failing || entry.Output == null || endpoint is { ClaimedOnLan: true } ? endpoint?.Fault ?? entry.Reason : null)
                ?? (entry.CallFailed ? entry.LastError : null),
            Output = (entry.Output as RemoteOutput)?.Progress?.ToString().ToLowerInvariant(),
            Since = entry.Since,
            OnEtcdLoss = entry.Output == null ? null : EtcdLossPolicyWord.Of(entry.OnEtcdLoss),
            Rivals = endpoint?.Rivals ?? 0,
            LastError = entry.LastError,
            LastErrorAt = entry.LastErrorAt,
            LastErrorAnswer = entry.LastErrorAnswer,
        };
    }

    /// <summary>For display; null where nothing is known of what is secret in it.</summary>
    private string? ConfigOf(EndpointEntry entry) =>
        entry.Record.Plugin == ArpPlugin.PluginName || !_plugins.TryGetValue(entry.Record.Plugin, out IPlugin? plugin)
            ? null
            : UrlPassword.Hide(EndpointSecrets.ForDisplay(entry.Record.PluginConfig, plugin.SecretFields));

    private static Outcome ToOutcome(AnswerStatus status, string? reason) => new(
        status switch
        {
            AnswerStatus.Done => OutcomeStatus.Done,
            AnswerStatus.NotFound => OutcomeStatus.NotFound,
            AnswerStatus.Unavailable => OutcomeStatus.Unavailable,
            _ => OutcomeStatus.Conflict,
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
}
