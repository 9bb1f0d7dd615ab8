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

    /// <summary>How often a lock that is not ours to keep is given up, and the pause in between.</summary>
    private const int MostDrops = 5;

    private static readonly TimeSpan DropPause = TimeSpan.FromSeconds(1);

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
    private readonly Action<HostRecords> _hostRead;
    private readonly Action<IReadOnlyList<ElectorInput>> _report;
    private readonly Queue<LockTransaction> _waiting = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Of the watch's callback, which runs once at a time.</summary>
    private bool _watchIsLost;
    private int _requests;

    /// <param name="storedOf">The stored form of an endpoint, by id.</param>
    /// <param name="hostRead">Given the answer to <see cref="LoadHost"/>, off the loop.</param>
    /// <param name="report">Given inputs on the loop.</param>
    public EtcdSession(EtcdOptions etcd, AgentOptions options, ProcessIdentity identity, string version, NamesakeInquiry namesakes, EventLoop loop, Log log, Func<string, EndpointData?> storedOf, Action<HostRecords> hostRead, Action<IReadOnlyList<ElectorInput>> report)
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
        _client = new EtcdClient(etcd);
        Data = new HostDataStore(_client, _hostname);
        _client.EndpointChanged += change => _log.Write(
            change.From == change.To ? LogLevel.Debug : LogLevel.Info,
            "etcd connection changed", ("from", change.From), ("to", change.To), ("reason", change.Reason));
        TimeSpan interval = options.KeepAliveInterval;
        _keepAlive = new LeaseKeepAlive(_client, interval < TimeSpan.FromSeconds(2) ? interval / 2 : TimeSpan.FromSeconds(1), static () => BootClock.NowMs, OnKeepAlive);
        _watch = new WatchStream(
            _client,
            [WatchKey.Prefix(KeyLayout.LocksPrefix), WatchKey.Prefix(KeyLayout.CompetitorsPrefix), WatchKey.Single(KeyLayout.Agent(_hostname))],
            OnWatch);
    }

    /// <summary>This host's endpoints and secrets; for any thread.</summary>
    public HostDataStore Data { get; }

    /// <summary>URL of the member in use.</summary>
    public string Endpoint => EtcdOptions.NameOf(_client.CurrentEndpoint);

    /// <summary>Reads the certificate files again. Null, or what is wrong.</summary>
    public string? ReloadCertificates() => _client.ReloadCertificates();

    public void LoadHost() => Run(async cancel =>
    {
        TxnResponse answer = await _client.TxnAsync(
            TxnBuilder.If().Then(Op.Get(KeyLayout.Host(_hostname)), Op.Get(KeyLayout.Agent(_hostname)), Op.GetPrefix(KeyLayout.EndpointsOf(_hostname)), Op.Get(KeyLayout.Drained(_hostname)), Op.GetPrefix(KeyLayout.SecretsOf(_hostname))), cancel).ConfigureAwait(false);
        _hostRead(HostRecords.Read(_hostname, answer));
    },
    fault => new ElectorInput.HostLoadFailed(fault));

    public void GrantLease(int ttlSeconds) => Run(async cancel =>
    {
        long sentAt = BootClock.NowMs;
        LeaseGrantResponse answer = await _client.GrantLeaseAsync(ttlSeconds, cancel: cancel).ConfigureAwait(false);
        Report(new ElectorInput.LeaseGranted(answer.ID, Seconds(answer.TTL), sentAt));
    },
    fault => new ElectorInput.LeaseGrantFailed(fault));

    public void RenewLease(long leaseId) => _keepAlive.Send(leaseId);

    public void WriteHost(long leaseId, bool drained) => Run(async cancel =>
    {
        string? reach = await Task.Run(() => _namesakes.ListenAsync(_client.CurrentEndpoint, cancel), cancel).ConfigureAwait(false);
        TxnResponse answer = await _client.TxnAsync(WriteHostRequest(leaseId, drained, stopped: false, reach), cancel).ConfigureAwait(false);
        Report(new ElectorInput.HostWritten(leaseId, answer.Header.Revision));
    },
    fault => new ElectorInput.HostWriteFailed(fault));

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
                ByteString.CopyFrom(new AgentRecord(_hostname, _identity.Instance, _version) { Process = _identity.Process, IsStopped = stopped, Reach = reach }.Write()),
                leaseId),
            drained ? Op.Put(KeyLayout.Drained(_hostname), _identity.Instance) : Op.Delete(KeyLayout.Drained(_hostname)))));

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

        Post(() =>
        {
            _requests--;
            _report(results);
        });
    }

    private void OnKeepAlive(KeepAliveResult result) => Report(result.Outcome switch
    {
        KeepAliveOutcome.Renewed => new ElectorInput.LeaseRenewed(result.LeaseId, Seconds(result.TtlSeconds), result.SentAt),
        KeepAliveOutcome.Gone => new ElectorInput.LeaseGone(result.LeaseId),
        _ => new ElectorInput.LeaseRenewalFailed(result.LeaseId, result.Reason ?? "no answer"),
    });

    /// <summary>A lease that somebody made by hand may last for centuries.</summary>
    private static int Seconds(long ttl) => (int)Math.Clamp(ttl, 0, 100_000_000);

    private void OnWatch(WatchMessage message)
    {
        switch (message)
        {
            case WatchMessage.Started started:
                TellWatchWorks();
                Report(new ElectorInput.WatchStarted(started.Revision));
                break;
            case WatchMessage.Events events:
                var inputs = new List<ElectorInput>(events.List.Count);
                foreach (Event e in events.List)
                {
                    if (ToInput(e) is { } input)
                        inputs.Add(input);
                }

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

    private ElectorInput? ToInput(Event e)
    {
        string key = e.Kv.Key.ToStringUtf8();
        bool put = e.Type == Event.Types.EventType.Put;
        if (KeyLayout.TryParseLock(key, out string electionKey))
            return put ? new ElectorInput.LockPut(electionKey, new LockView(e.Kv.Value.ToStringUtf8(), e.Kv.Lease, e.Kv.ModRevision)) : new ElectorInput.LockDeleted(electionKey, e.Kv.ModRevision);
        if (KeyLayout.TryParseCompetitor(key, out electionKey, out string host))
            return new ElectorInput.CompetitorChanged(electionKey, host, put, e.Kv.ModRevision);
        if (key != KeyLayout.Agent(_hostname))
            return null;
        AgentRecord? agent = put ? AgentRecord.Read(key, e.Kv.Value.Memory).Value : null;
        return new ElectorInput.AgentKeyChanged(put ? agent?.Instance ?? AgentRecord.Unreadable : null, e.Kv.ModRevision, e.Kv.Lease, NamesakeMessage.ParseReach(agent?.Reach) != null ? agent!.Reach : null, agent?.IsStopped == true);
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
    }
}
