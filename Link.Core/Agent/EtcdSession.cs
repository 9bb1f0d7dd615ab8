using System.Net;
using Google.Protobuf;
using Link.Core.Election;
using Link.Core.Etcd;
using Link.Core.Logging;
using Link.Core.Net.Linux;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>
/// Carries the Elector's wishes to etcd and etcd's answers and events back to the loop, as <see cref="ElectorInput"/>s.
/// Called on the loop; never blocks.
/// </summary>
internal sealed class EtcdSession : IAsyncDisposable
{
    /// <summary>Requests with lock transactions that are under way at once; the rest waits, one transaction per endpoint at the most.</summary>
    private const int MaxRequests = 8;

    /// <summary>A peer's record of more bytes was written by no agent.</summary>
    private const int MaxAgentBytes = 64 << 10;
    /// <summary>How often a lock that is not ours to keep is given up, and the pause in between.</summary>
    private const int MostDrops = 5;

    private static readonly TimeSpan DropPause = TimeSpan.FromSeconds(1);

    /// <summary>What the agent key says of where this instance can be asked.</summary>
    private volatile string? _reach;
    private readonly string _hostname;
    private readonly ProcessIdentity _identity;
    private readonly string _version;
    private readonly EtcdClient _client;
    private readonly NamesakeInquiry _namesakes;
    private readonly LeaseKeepAlive _keepAlive;
    private readonly WatchStream _watch;
    private readonly EventLoop _loop;
    private readonly Log _log;
    private readonly Func<string, EndpointData?> _storedOf;
    private readonly Func<HostRecords, Task> _hostRead;
    private readonly Action<IReadOnlyList<ElectorInput>> _report;
    private readonly Action<IReadOnlyList<(string Host, AgentRecord? Agent)>, bool> _peersRead;
    private readonly Queue<LockTransaction> _waiting = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Of the watch's callback, which runs once at a time.</summary>
    private bool _watchIsLost;
    private int _requests;

    /// <param name="storedOf">The stored form of an endpoint, by id.</param>
    /// <param name="hostRead">Given the answer to <see cref="LoadHost"/>, off the loop.</param>
    /// <param name="report">Given inputs on the loop.</param>
    /// <param name="peersRead">Given agents' records on the loop, null for one that is gone; true: these are all.</param>
    public EtcdSession(EtcdOptions etcd, AgentOptions options, ProcessIdentity identity, string version, NamesakeInquiry namesakes, EventLoop loop, Log log, Func<string, EndpointData?> storedOf, Func<HostRecords, Task> hostRead, Action<IReadOnlyList<ElectorInput>> report, Action<IReadOnlyList<(string Host, AgentRecord? Agent)>, bool> peersRead)
    {
        _hostname = options.Hostname;
        _identity = identity;
        _version = version;
        _namesakes = namesakes;
        _loop = loop;
        _log = log;
        _storedOf = storedOf;
        _hostRead = hostRead;
        _report = report;
        _peersRead = peersRead;
        _client = new EtcdClient(etcd);
        Data = new HostDataStore(_client, _hostname);
        _client.EndpointChanged += change => _log.Write(
            change.From == change.To ? LogLevel.Debug : LogLevel.Info,
            "etcd connection changed", ("from", change.From), ("to", change.To), ("reason", change.Reason));
        TimeSpan interval = options.KeepAliveInterval;
        _keepAlive = new LeaseKeepAlive(_client, interval < TimeSpan.FromSeconds(2) ? interval / 2 : TimeSpan.FromSeconds(1), static () => BootClock.NowMs, OnKeepAlive);
        _watch = new WatchStream(
            _client,
            [WatchKey.Prefix(KeyLayout.LocksPrefix), WatchKey.Prefix(KeyLayout.CompetitorsPrefix), WatchKey.Prefix(KeyLayout.AgentsPrefix)],
            OnWatch);
    }

    /// <summary>This host's endpoints and secrets; for any thread.</summary>
    public HostDataStore Data { get; }

    /// <summary>URL of the member in use.</summary>
    public string Endpoint => EtcdOptions.NameOf(_client.CurrentEndpoint);

    /// <summary>Both ends of the connection to etcd; null: there is none now. For any thread.</summary>
    public (IPAddress Local, IPAddress Remote)? Connection => _client.Connection;

    /// <summary>What the agent key tells of the host's own addresses, from the next time that it is written.</summary>
    public IReadOnlyList<string> OwnAddresses { get; set; } = [];

    /// <summary>Reads the certificate files again. Null, or what is wrong.</summary>
    public string? ReloadCertificates() => _client.ReloadCertificates();

    public void LoadHost() => Run(async cancel =>
    {
        TxnResponse answer = await _client.TxnAsync(
            TxnBuilder.If().Then(Op.Get(KeyLayout.Host(_hostname)), Op.Get(KeyLayout.Agent(_hostname)), Op.GetPrefix(KeyLayout.EndpointsOf(_hostname)), Op.Get(KeyLayout.Drained(_hostname)), Op.GetPrefix(KeyLayout.SecretsOf(_hostname)), Op.GetPrefix(KeyLayout.AgentsPrefix)), cancel).ConfigureAwait(false);
        ReportPeers(answer.Responses[^1].ResponseRange);
        await _hostRead(HostRecords.Read(_hostname, answer)).ConfigureAwait(false);
    },
    fault => new ElectorInput.HostLoadFailed(fault));

    public void GrantLease(int ttlSeconds) => Run(async cancel =>
    {
        long sentAt = BootClock.NowMs;
        LeaseGrantResponse answer = await _client.GrantLeaseAsync(ttlSeconds, cancel: cancel).ConfigureAwait(false);
        Report(new ElectorInput.LeaseGranted(answer.ID, ToSeconds(answer.TTL), sentAt));
    },
    fault => new ElectorInput.LeaseGrantFailed(fault));

    public void RenewLease(long leaseId) => _keepAlive.Send(leaseId);

    public void WriteHost(long leaseId, bool drained) => Run(async cancel =>
    {
        string? reach = _reach = await Task.Run(() => _namesakes.ListenAsync(_client.CurrentEndpoint, cancel), cancel).ConfigureAwait(false);
        TxnResponse answer = await _client.TxnAsync(WriteHostRequest(leaseId, drained, stopped: false, reach), cancel).ConfigureAwait(false);
        Report(new ElectorInput.HostWritten(leaseId, answer.Header.Revision));
    },
    fault => new ElectorInput.HostWriteFailed(fault));

    /// <summary>Writes the agent key anew, if it is ours.</summary>
    public void WriteAgent(long leaseId) => Run(async cancel =>
    {
        string key = KeyLayout.Agent(_hostname);
        await _client.TxnAsync(TxnBuilder.If().Then(Op.Nested(TxnBuilder.If(When.LeaseIs(key, leaseId)).Then(Op.Put(key, AgentValue(stopped: false, _reach), leaseId)))), cancel).ConfigureAwait(false);
    },
    static _ => ElectorInput.Tick.Instance);

    /// <summary>What all agents say of themselves. The watch tells the same a moment later.</summary>
    /// <exception cref="EtcdException">No answer.</exception>
    public async Task ReadPeersAsync(CancellationToken cancel)
    {
        TxnResponse answer = await _client.TxnAsync(TxnBuilder.If().Then(Op.GetPrefix(KeyLayout.AgentsPrefix)), cancel).ConfigureAwait(false);
        ReportPeers(answer.Responses[0].ResponseRange);
    }

    /// <summary>Tells the next process on this host that this one has ended. Best effort, within the time given.</summary>
    /// <param name="leavesToLinK">The next one is LinK's: no key says any more that an agent of ours runs here, and what is on this host from now on is LinK's.</param>
    public async Task SayGoodbyeAsync(long leaseId, bool drained, bool leavesToLinK, TimeSpan timeout)
    {
        TxnRequest request = leavesToLinK
            ? TxnBuilder.If().Then(
                Op.Put(KeyLayout.Host(_hostname), ByteString.CopyFrom(new HostRecord(_hostname, leaseId).Write())),
                Op.Delete(KeyLayout.Agent(_hostname)),
                Op.Delete(KeyLayout.Drained(_hostname)))
            : WriteHostRequest(leaseId, drained, stopped: true, reach: null);
        try
        {
            await _client.TxnAsync(request, CancellationToken.None, timeout).ConfigureAwait(false);
        }
        catch (EtcdException fault)
        {
            _log.Warning("etcd was not told that this agent stops", ("reason", fault.Message));
        }
    }

    /// <summary>Who competes for locks, as etcd's cluster says: the watch may tell of a host a moment after it was added.</summary>
    /// <exception cref="EtcdException">No answer.</exception>
    public async Task<IReadOnlyList<ElectorInput>> FindCompetitorsAsync(IReadOnlyList<string> electionKeys, CancellationToken cancel)
    {
        var read = new List<ElectorInput>(electionKeys.Count);
        foreach (string[] some in electionKeys.Chunk(LockRequest.MaxBatch))
        {
            TxnResponse answer = await _client.TxnAsync(TxnBuilder.If().Then([.. some.Select(static key => Op.GetPrefix(KeyLayout.CompetitorsOf(key)))]), cancel).ConfigureAwait(false);
            for (int i = 0; i < some.Length; i++)
                read.Add(new ElectorInput.CompetitorsRead(some[i], LockRequest.ReadCompetitors(answer.Responses[i].ResponseRange, some[i]), answer.Header.Revision));
        }

        return read;
    }

    /// <summary>The lease of another host whose agent can be handed a lock: it has an agent key, which hangs on the lease of its config.</summary>
    /// <returns>0: there is none.</returns>
    public async Task<long> FindLeaseAsync(string host, CancellationToken cancel)
    {
        TxnResponse answer = await _client.TxnAsync(TxnBuilder.If().Then(Op.Get(KeyLayout.Agent(host))), cancel).ConfigureAwait(false);
        RangeResponse agent = answer.Responses[0].ResponseRange;
        return agent.Kvs.Count == 0 ? 0 : agent.Kvs[0].Lease;
    }

    /// <summary>Whether a lock carries a lease, as etcd's cluster says.</summary>
    /// <returns>The lock's revision; null: it does not.</returns>
    /// <exception cref="EtcdException">No answer.</exception>
    public async Task<long?> FindLockAsync(string key, long leaseId, CancellationToken cancel)
    {
        string lockKey = KeyLayout.Lock(key);
        TxnResponse answer = await _client.TxnAsync(TxnBuilder.If(When.LeaseIs(lockKey, leaseId)).Then(Op.Get(lockKey)), cancel).ConfigureAwait(false);
        return answer.Succeeded && answer.Responses[0].ResponseRange.Kvs is [{ } held] ? held.ModRevision : null;
    }

    /// <summary>Deletes a lock if it is still at that revision. It may be asked for while etcd is in trouble: tried a few times.</summary>
    public void DropLock(string key, long leaseId, long revision) => _ = DropLockAsync(KeyLayout.Lock(key), leaseId, revision);

    public void Enqueue(LockTransaction transaction) => _waiting.Enqueue(transaction);

    /// <summary>Sends what was enqueued, many transactions in one request.</summary>
    public void Flush()
    {
        while (_waiting.Count > 0 && _requests < MaxRequests)
        {
            List<LockTransaction> batch = LockRequest.TakeBatch(_waiting, _storedOf);
            _requests++;
            TxnRequest request = LockRequest.Build(batch, _hostname, _storedOf);
            _ = TransactAsync(request, batch);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _keepAlive.Dispose();
        await _watch.DisposeAsync().ConfigureAwait(false);
        await _client.DisposeAsync().ConfigureAwait(false);
    }

    // Nested, as the locks' transactions are: etcd does not count what is nested against its quota, and a full database must not keep a host out.
    private TxnRequest WriteHostRequest(long leaseId, bool drained, bool stopped, string? reach) =>
        TxnBuilder.If().Then(Op.Nested(TxnBuilder.If().Then(
            Op.Put(KeyLayout.Host(_hostname), ByteString.CopyFrom((new HostRecord(_hostname, leaseId) { Agent = _version }).Write())),
            Op.Put(
                KeyLayout.Agent(_hostname),
                AgentValue(stopped, reach),
                leaseId),
            drained ? Op.Put(KeyLayout.Drained(_hostname), _identity.Instance) : Op.Delete(KeyLayout.Drained(_hostname)))));

    private ByteString AgentValue(bool stopped, string? reach) =>
        ByteString.CopyFrom(new AgentRecord(_hostname, _identity.Instance, _version) { Process = _identity.Process, IsStopped = stopped, Addresses = OwnAddresses, Reach = reach }.Write());

    private void ReportPeers(RangeResponse range)
    {
        var agents = new List<(string Host, AgentRecord? Agent)>(range.Kvs.Count);
        foreach (KeyValue pair in range.Kvs)
        {
            if (ToAgent(pair) is { } agent)
                agents.Add(agent);
        }

        Post(() => _peersRead(agents, true));
    }

    private static (string Host, AgentRecord? Agent)? ToAgent(KeyValue pair)
    {
        string key = pair.Key.ToStringUtf8();
        return KeyLayout.TryParseAgent(key, out string host) ? (host, pair.Value.Length is 0 or > MaxAgentBytes ? null : AgentRecord.Read(key, pair.Value.Memory).Value) : null;
    }

    private async Task DropLockAsync(string lockKey, long leaseId, long revision)
    {
        for (int i = 0; i < MostDrops; i++)
        {
            try
            {
                await _client.TxnAsync(TxnBuilder.If(When.LeaseIs(lockKey, leaseId), When.ModRevisionIs(lockKey, revision)).Then(Op.Delete(lockKey)), _stop.Token).ConfigureAwait(false);
                _log.Warning("a lock that somebody gave to this host, which has no such endpoint, is given up", ("lock", lockKey));
                return;
            }
            catch (EtcdException)
            {
                if (!await PauseAsync().ConfigureAwait(false))
                    return;
            }
            catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    /// <returns>False: the agent stops.</returns>
    private async Task<bool> PauseAsync()
    {
        try
        {
            await Task.Delay(DropPause, _stop.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
        {
            return false;
        }
    }

    private async Task TransactAsync(TxnRequest request, List<LockTransaction> batch)
    {
        var results = new List<ElectorInput>(batch.Count);
        try
        {
            TxnResponse answer = await _client.TxnAsync(request, _stop.Token).ConfigureAwait(false);
            for (int i = 0; i < batch.Count; i++)
                results.Add(LockRequest.Read(batch[i], answer.Responses[i].ResponseTxn, answer.Header.Revision));
        }
        catch (EtcdException fault)
        {
            if (fault.Kind == EtcdFailure.LeaseNotFound)
                results.Add(new ElectorInput.LeaseGone(batch[0].LeaseId));
            foreach (LockTransaction transaction in batch)
                results.Add(new ElectorInput.TransactionFailed(transaction.Token, fault.Message));
        }
        catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
        {
            return;
        }
        catch (Exception fault)
        {
            // What is wrong with one answer must not keep its place in the queue, and its endpoints waiting, for good.
            string reason = Unreadable(fault);
            results = [.. batch.Select(transaction => new ElectorInput.TransactionFailed(transaction.Token, reason))];
        }

        Post(() =>
        {
            _requests--;
            _report(results);
        });
    }

    private void OnKeepAlive(KeepAliveResult result) => Report(result.Outcome switch
    {
        KeepAliveOutcome.Renewed => new ElectorInput.LeaseRenewed(result.LeaseId, ToSeconds(result.TtlSeconds), result.SentAt),
        KeepAliveOutcome.Gone => new ElectorInput.LeaseGone(result.LeaseId),
        _ => new ElectorInput.LeaseRenewalFailed(result.LeaseId, result.Reason ?? "no answer"),
    });

    /// <summary>A lease that somebody made by hand may last for centuries.</summary>
    private static int ToSeconds(long ttl) => (int)Math.Clamp(ttl, 0, 100_000_000);

    private void OnWatch(WatchMessage message)
    {
        switch (message)
        {
            case WatchMessage.Started started:
                TellWatchWorks();
                Report(new ElectorInput.WatchStarted(started.Revision));
                Run(ReadPeersAsync, static _ => ElectorInput.Tick.Instance);
                break;
            case WatchMessage.Events events:
                var inputs = new List<ElectorInput>(events.List.Count);
                var agents = new List<(string Host, AgentRecord? Agent)>();
                foreach (Event e in events.List)
                {
                    if (ToInput(e, _hostname) is { } input)
                        inputs.Add(input);
                    // Of a deletion only the key is there.
                    else if (ToAgent(e.Kv) is { } agent)
                        agents.Add(agent);
                }

                if (agents.Count > 0)
                    Post(() => _peersRead(agents, false));
                Post(() => _report(inputs));
                break;
            case WatchMessage.Lost lost:
                _watchIsLost = true;
                _log.Warning("the watch on etcd is interrupted", ("reason", lost.Reason));
                break;
            case WatchMessage.Resumed:
                TellWatchWorks();
                break;
        }
    }

    private void TellWatchWorks()
    {
        if (_watchIsLost)
            _log.Info("the watch on etcd works again");
        _watchIsLost = false;
    }

    /// <summary>What the Elector is told of a change; null: nothing.</summary>
    internal static ElectorInput? ToInput(Event e, string hostname)
    {
        string key = e.Kv.Key.ToStringUtf8();
        bool put = e.Type == Event.Types.EventType.Put;
        if (KeyLayout.TryParseLock(key, out string electionKey))
            return put ? new ElectorInput.LockPut(electionKey, new LockView(e.Kv.Value.ToStringUtf8(), e.Kv.Lease, e.Kv.ModRevision)) : new ElectorInput.LockDeleted(electionKey, e.Kv.ModRevision);
        if (KeyLayout.TryParseCompetitor(key, out electionKey, out string host))
            return new ElectorInput.CompetitorChanged(electionKey, host, put, e.Kv.ModRevision);
        if (key != KeyLayout.Agent(hostname))
            return null;
        AgentRecord? agent = put ? AgentRecord.Read(key, e.Kv.Value.Memory).Value : null;
        return new ElectorInput.AgentKeyChanged(put ? agent?.Instance ?? AgentRecord.Unreadable : null, e.Kv.ModRevision, e.Kv.Lease, NamesakeMessage.ParseReach(agent?.Reach) != null ? agent!.Reach : null, agent?.IsStopped == true);
    }

    private string Unreadable(Exception fault)
    {
        _log.Error("an answer of etcd cannot be read", ("reason", fault));
        return $"etcd's answer cannot be read: {fault.Message}";
    }

    private void Report(ElectorInput input) => Post(() => _report([input]));

    private void Post(Action work) => _loop.Post(work);

    private void Run(Func<CancellationToken, Task> request, Func<string, ElectorInput> failed) => _ = RunAsync(request, failed);

    private async Task RunAsync(Func<CancellationToken, Task> request, Func<string, ElectorInput> failed)
    {
        try
        {
            await request(_stop.Token).ConfigureAwait(false);
        }
        catch (EtcdException fault)
        {
            Report(failed(fault.Message));
        }
        catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
        {
            // The agent stops.
        }
        catch (Exception fault)
        {
            // Whoever waits for an answer is told of one that cannot be read, and asks again.
            Report(failed(Unreadable(fault)));
        }
    }
}
