using Link.Core.Election;
using Link.Core.Logging;
using Link.Core.Plugins;

namespace Link.Core.Agent;

/// <summary>The Elector's effects.</summary>
internal sealed partial class LinkAgent
{
    private void CarryOut(ElectorEffect effect)
    {
        switch (effect)
        {
            case ElectorEffect.LoadHost: _etcd.LoadHost(); break;
            case ElectorEffect.GrantLease e: _etcd.GrantLease(e.TtlSeconds); break;
            case ElectorEffect.RenewLease e: _etcd.RenewLease(e.LeaseId); break;
            case ElectorEffect.WriteHost e: _etcd.WriteHost(e.LeaseId, e.Drained); break;
            case ElectorEffect.Transact e: _etcd.Enqueue(e.Transaction); break;
            case ElectorEffect.DropLock e: _etcd.DropLock(e.Key, e.LeaseId, e.Revision); break;
            case ElectorEffect.Activate e: OutputOf(e.EndpointId)?.Activate(e.LifetimeSeconds, e.Revision); break;
            case ElectorEffect.Extend e: OutputOf(e.EndpointId)?.Extend(e.LifetimeSeconds); break;
            case ElectorEffect.Deactivate e: OutputOf(e.EndpointId)?.Deactivate(); break;
            case ElectorEffect.Announce e: OutputOf(e.EndpointId)?.Announce(); break;
            case ElectorEffect.Silence e: OutputOf(e.EndpointId)?.Silence(); break;
            case ElectorEffect.AskLan e: OutputOf(e.EndpointId)?.AskLan(); break;
            case ElectorEffect.StateChanged e: OnStateChanged(e); break;
            case ElectorEffect.Notice e: OnNotice(e); break;
            case ElectorEffect.Answer e: OnAnswer(e); break;
            case ElectorEffect.Removed e: OnRemoved(e); break;
            case ElectorEffect.AskNamesake e: _ = AskNamesakeAsync(e); break;
            default: throw new ArgumentOutOfRangeException(nameof(effect), effect.GetType().Name, null);
        }
    }

    private IOutput? OutputOf(string endpointId) => _entries.GetValueOrDefault(endpointId)?.Output;

    private void OnStateChanged(ElectorEffect.StateChanged change)
    {
        if (!_entries.TryGetValue(change.EndpointId, out EndpointEntry? entry))
            return;
        entry.Since = DateTimeOffset.UtcNow;
        entry.Reason = change.Reason;
        _statusAtMs = 0;
        LogLevel level = change.To == EndpointState.Failing ? LogLevel.Warning : LogLevel.Info;
        _log.Write(level, "endpoint changed state", ("endpoint", entry.Id), ("key", entry.Key), ("from", Word(change.From)), ("to", Word(change.To)), ("reason", change.Reason));
    }

    private static string Word(EndpointState state) => state switch
    {
        EndpointState.Activated => "ACTIVATED",
        EndpointState.Standby => "STANDBY",
        EndpointState.Failing => "FAILING",
        _ => "BOOTING",
    };

    private void OnNotice(ElectorEffect.Notice notice)
    {
        LogLevel level = notice.Level switch
        {
            NoticeLevel.Error => LogLevel.Error,
            NoticeLevel.Warning => LogLevel.Warning,
            _ => LogLevel.Info,
        };
        if (notice.EndpointId is { } id)
            _log.Write(level, notice.Text, ("endpoint", id), ("key", _entries.GetValueOrDefault(id)?.Key));
        else
            _log.Write(level, notice.Text);
        _statusAtMs = 0;
    }

    private void OnAnswer(ElectorEffect.Answer answer)
    {
        if (_commands.Remove(answer.CommandId, out Action<AnswerStatus, string?>? waiting))
            _answers.Add(() => waiting(answer.Status, answer.Reason));
    }

    /// <summary>After the kernel was told: who hears that an endpoint is gone must find its address gone.</summary>
    private void GiveAnswers()
    {
        for (int i = 0; i < _answers.Count; i++)
            _answers[i]();
        _answers.Clear();
    }

    private void OnRemoved(ElectorEffect.Removed removed)
    {
        _checks.Remove(removed.EndpointId);
        if (!_entries.TryGetValue(removed.EndpointId, out EndpointEntry? entry))
            return;
        Forget(entry);
        _log.Info("endpoint deleted", ("endpoint", entry.Id), ("key", entry.Key));
        _statusAtMs = 0;
    }

    private async Task AskNamesakeAsync(ElectorEffect.AskNamesake ask)
    {
        bool answers = await Task.Run(() => NamesakeInquiry.AskAsync(ask.Instance, ask.Reach, CancellationToken.None)).ConfigureAwait(false);
        _loop.Post(() => Feed(answers
            ? new ElectorInput.NamesakeAnswered(ask.Instance, ask.Reach)
            : new ElectorInput.NamesakeSilent(ask.Instance)));
    }

    /// <summary>The next process on this machine can go on with the lease, whoever has written what into etcd by then.</summary>
    private void NoteLease()
    {
        long lease = _elector.LeaseId;
        if (!_elector.IsServing || lease == 0 || lease == _notedLease)
            return;
        _notedLease = lease;
        if (_notePath is not { } path || _identity.Process is not { } process)
            return;
        var note = new LeaseNote(_options.Hostname, lease, process);
        _noting = _noting.ContinueWith(
            _ =>
            {
                if (note.Write(path) is { } fault)
                    _log.Warning("the lease cannot be noted for the next start", ("file", path), ("reason", fault));
            },
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }
}
