namespace Link.Core.Election;

/// <summary>
/// Two agents with one HOSTNAME.
/// <para>
/// Problem. A restarted agent goes on with the lease in <c>/link/config/{host}</c>, so that nothing moves. Two machines with one name, a cloned one
/// for example, would share that lease, and each would take every lock for its own: both hold the same addresses while both reach etcd.
/// So somebody must give way; but all that they hear of each other comes through keys that anybody may write who may write etcd.
/// </para>
/// <para>
/// Options. (1) By the key: who finds its agent key overwritten often enough stops. Three writes by hand stop a healthy holder. (2) By signatures in the
/// keys: hosts have no key of their own that an etcd writer could not replace. (3) By a question over the network alone: two hosts behind firewalls
/// cannot ask, and would go on with one lease. (4) By the lease: what holds a lock is a lease, so two that have a lease each compete for every
/// lock like two hosts of different names, and etcd decides. Nobody has to give way for safety's sake.
/// </para>
/// <para>
/// Chosen: (4), and (3) for the sake of order. A process goes on with a lease only if the one that had it is gone: its process has ended (on this
/// machine, or it said so), or nobody has written an agent key. Else it takes a lease of its own. Evidence that another lives on our lease (its agent
/// key is bound to it, a lock has it under another name, another machine announces what our lock says is ours) has us take another lease
/// and carry our locks over, each in one transaction that compares: of two that do so, the first keeps the address and the second sees the lock change.
/// An etcd writer who forges that costs us a lease and a transaction a lock every three seconds, and no address.
/// </para>
/// <code>
/// Loading --> predecessor gone, or none ---------------------------> Joining (its lease) --> Serving
///    |  \---> it may live, cannot be asked or does not answer -----> Joining (a new lease) --> Probation --> Serving
///    |                                                                                            | it answers after all
///    \------> it may live, and can be asked --> Aside --silent-->(Loading)                        v
///                                                 ^--- answers: asked again every 5 s <---------- Aside
/// Serving: another instance in our agent key --> we go on, say so, write our key back (1 s, 2 s .. 60 s apart)
/// </code>
/// </summary>
internal sealed partial class Elector
{
    /// <summary>Pause between two questions to a namesake that answers.</summary>
    private const long AsideMs = 5_000;

    /// <summary>A verdict that does not come is a silence.</summary>
    private const long VerdictMs = 5_000;

    /// <summary>A namesake that has answered counts as gone after so many silences in a row, so far apart: its agent may be on its way back.</summary>
    private const int Silences = 3;
    private const long SilenceMs = 1_000;

    /// <summary>So many instances that do not answer keep nobody from joining: somebody writes the key again and again.</summary>
    private const int MostUnanswered = 3;

    /// <summary>The least time between two questions of an agent that serves.</summary>
    private const long AskAgainMs = 10_000;

    private const long MostWriteBackMs = 60_000;

    /// <summary>After this time without another's write, the next one is answered at once again, and the clash is over.</summary>
    private const long ClashMs = 300_000;

    /// <summary>The least time from one change of leases to the next; so long may two share one that somebody makes share it again and again.</summary>
    private const long LeaveLeaseAgainMs = 3_000;

    /// <summary>A rival that is heard for so long, without a longer pause than that, may hold by our own lease.</summary>
    private const long RivalLastsMs = 4_000;
    private const long LeaveForRivalAgainMs = 10_000;
    private const long MostLeaveForRivalMs = 3_600_000;

    /// <summary>Instance that our key replaced, and how to ask it.</summary>
    private string? _predecessor;
    private string? _predecessorReach;
    private bool _predecessorMayLive;

    /// <summary>What was loaded, as long as only this machine's note speaks for our lease: one that has ended gives no right to the name.</summary>
    private ElectorInput.HostLoaded? _noted;

    /// <summary>The last other instance seen before our own write was answered.</summary>
    private ElectorInput.AgentKeyChanged? _foreign;

    /// <summary>Revision of the write by which this process joined: what was written before is a predecessor's.</summary>
    private long _joinedRevision = long.MaxValue;

    /// <summary>Revision of our last write that was answered.</summary>
    private long _writtenRevision;

    /// <summary>The instance whose answer is awaited; null: no question is under way.</summary>
    private string? _asked;
    private long _verdictAtMs = long.MaxValue;
    private long _askAgainAtMs = long.MaxValue;

    /// <summary>How often it has answered a process that wants to join, and been silent since.</summary>
    private int _answers;
    private int _silences;

    /// <summary>The last instance that was asked and did not answer, and how many there were.</summary>
    private string? _silent;
    private int _unanswered;
    private long _mayAskAtMs = long.MinValue / 2;

    /// <summary>Another agent may have our name: our endpoints have a competitor that etcd's keys do not show.</summary>
    private bool _namesakeMayLive;

    /// <summary>Two that live write their keys in turn, a minute apart at the most: without another's write until then there is none.</summary>
    private long _namesakeUntilMs = long.MaxValue;
    private long _overwrittenUntilMs = long.MinValue / 2;

    private string? _clash;
    private long _clashUntilMs = long.MinValue / 2;
    private int _clashes;
    private long _writeBackAtMs = long.MaxValue;
    private long _lastWriteBackMs = long.MinValue / 2;
    private int _writeBacks;

    /// <summary>When to change leases; with the reason for it.</summary>
    private long _leaveLeaseAtMs = long.MaxValue;
    private long _mayLeaveLeaseAtMs = long.MinValue / 2;
    private bool _leavingLease;
    private long _mayLeaveForRivalAtMs = long.MinValue / 2;
    private int _leftForRivals;

    /// <summary>What is known of another agent with our name, for people; null: nothing.</summary>
    public string? Clash => _phase == Phase.Aside || _nowMs < _clashUntilMs ? _clash : null;

    /// <summary>It has found that another agent has its name, and does not serve.</summary>
    public bool IsAside => _phase == Phase.Aside;

    /// <summary>Somebody else may take the endpoint when our lease ends.</summary>
    private bool OthersCompete(Endpoint endpoint) => endpoint.Others.Length > 0 || _namesakeMayLive;

    private long NamesakeWakeMs()
    {
        long wake = Math.Min(Math.Min(_verdictAtMs, _namesakeUntilMs), Math.Min(_writeBackAtMs, _leaveLeaseAtMs));
        return _phase == Phase.Aside && _asked == null ? Math.Min(wake, _askAgainAtMs) : wake;
    }

    private void AdvanceNamesake()
    {
        if (_nowMs >= _verdictAtMs)
            OnNamesakeSilent(_asked!);
        if (_phase == Phase.Aside && _asked == null && _nowMs >= _askAgainAtMs)
            AskNamesake(_predecessor!, _predecessorReach!);
        if (_nowMs >= _writeBackAtMs)
        {
            _writeBackAtMs = long.MaxValue;
            _lastWriteBackMs = _nowMs;
            _writeBacks++;
            _writeAgain |= _phase == Phase.Serving;
        }

        if (_nowMs >= _namesakeUntilMs)
            ForgetNamesake();
        if (_nowMs >= _leaveLeaseAtMs)
            StartLeavingLease();
    }

    private void AskNamesake(string instance, string reach)
    {
        _asked = instance;
        _askAgainAtMs = long.MaxValue;
        _verdictAtMs = _nowMs + VerdictMs;
        _mayAskAtMs = _nowMs + AskAgainMs;
        Emit(new ElectorEffect.AskNamesake(instance, reach));
    }

    private void ForgetQuestion()
    {
        _asked = null;
        _verdictAtMs = long.MaxValue;
        _askAgainAtMs = long.MaxValue;
    }

    // ---- before serving --------------------------------------------------------------------------

    /// <summary>This host's records are read: whose name is it?</summary>
    private void MeetPredecessor(ElectorInput.HostLoaded input)
    {
        _noted = input.LeaseIsOurs ? input : null;
        _predecessor = input.OtherInstance;
        _predecessorReach = input.OtherReach;
        _predecessorMayLive = input.OtherInstance != null && !input.OtherIsGone && !input.LeaseIsOurs;
        if (input.OtherInstance != null && !input.OtherIsGone)
            MeetNamesake();
        if (_predecessorMayLive && input.OtherReach != null && input.OtherInstance != _silent && _unanswered < MostUnanswered)
        {
            _phase = Phase.Aside;
            _silences = 0;
            AskNamesake(input.OtherInstance!, input.OtherReach);
            return;
        }

        Join(_predecessorMayLive ? null : input.LeaseId);
    }

    /// <summary>Another has our name and lives. What it has is its own: touch nothing, and ask again later.</summary>
    private void StandAside(string instance, string by)
    {
        _phase = Phase.Aside;
        _predecessor = instance;
        _leaseId = 0;
        _leaseConfirmed = false;
        _renewing = false;
        _leavingLease = false;
        _leaveLeaseAtMs = long.MaxValue;
        _silences = 0;
        _unanswered = 0;
        _silent = null;
        _askAgainAtMs = _nowMs + Jitter(AsideMs);
        _clash = $"another agent with HOSTNAME \"{_options.Hostname}\" is alive: instance {instance} answers at {by}; " +
            "this one does not serve and asks again every few seconds; give each host its own HOSTNAME";
        if (IsPowerOfTwo(++_answers))
            Notice(NoticeLevel.Error, null, _clash);
    }

    /// <summary>The one that was asked is gone: see what there is now.</summary>
    private void LoadAgain()
    {
        ForgetQuestion();
        _phase = Phase.Loading;
        _retryHostAtMs = Math.Max(_retryHostAtMs, _nowMs + _options.RetryDelayMs);
    }

    private void OnNamesakeAnswered(ElectorInput.NamesakeAnswered input)
    {
        if (_asked != input.Instance)
            return;
        ForgetQuestion();
        if (_phase is Phase.Aside or Phase.Probation)
            StandAside(input.Instance, input.By);
        else if (_phase == Phase.Serving)
            SayClash(input.Instance, $"it answers at {input.By}, so it is a real one");
    }

    private void OnNamesakeSilent(string instance)
    {
        if (_asked != instance)
            return;
        ForgetQuestion();
        if (_phase == Phase.Aside)
        {
            if (_answers > 0 && ++_silences < Silences)
            {
                _askAgainAtMs = _nowMs + Jitter(SilenceMs);
                return;
            }

            _answers = 0;
            _unanswered++;
            _silent = instance;
            LoadAgain();
        }
        else if (_phase == Phase.Serving)
        {
            SayClash(instance, "it does not answer: a machine that cannot be reached, or a key that somebody wrote");
        }
    }

    // ---- our agent key ---------------------------------------------------------------------------

    private void OnAgentKeyChanged(ElectorInput.AgentKeyChanged input)
    {
        if (input.Instance == _options.Instance)
        {
            // Ours in name alone: it would tell a newcomer that we have ended.
            bool isOurs = !input.SaysStopped && input.LeaseId == _leaseId;
            if (_phase == Phase.Serving && !isOurs && !_hostRequest && input.Revision > _writtenRevision)
                WriteBackLater();
            return;
        }

        switch (_phase)
        {
            // Aside: who was asked is asked again, whatever is written meanwhile.
            case Phase.Joining when input.Instance != null:
                // Before our write it is a predecessor, after it somebody who objects: the revision of our write will tell.
                _foreign = input;
                break;
            case Phase.Probation when input.Instance != null && input.Revision > _joinedRevision:
                OnObjection(input);
                break;
            case Phase.Serving when input.Revision > _joinedRevision:
                OnForeign(input);
                break;
        }
    }

    /// <summary>Somebody wrote the key back. If it can be asked, its answer decides; a key alone keeps nobody from serving.</summary>
    private void OnObjection(ElectorInput.AgentKeyChanged input)
    {
        MeetNamesake();
        LeaveSharedLease(input);
        if (input.Reach == null || _asked != null)
            return;
        _predecessor = input.Instance;
        _predecessorReach = input.Reach;
        AskNamesake(input.Instance!, input.Reach);
    }

    private void OnForeign(ElectorInput.AgentKeyChanged input)
    {
        WriteBackLater();
        // Deleted, perhaps with our lease: nobody claims the name.
        if (input.Instance == null)
            return;
        MeetNamesake();
        LeaveSharedLease(input);
        if (_leaseIsAdopted)
            LeaveLease($"it was the last agent's, and instance {input.Instance} may have deleted what that held");
        if (input.Reach == null)
            SayClash(input.Instance, "it cannot be asked: a machine with our name, or a key that somebody wrote");
        else if (_asked == null && _nowMs >= _mayAskAtMs)
            AskNamesake(input.Instance, input.Reach);
    }

    private void WriteBackLater()
    {
        if (_nowMs >= _overwrittenUntilMs)
        {
            _writeBacks = 0;
            _clashes = 0;
        }

        _overwrittenUntilMs = _nowMs + ClashMs;
        if (_writeBackAtMs != long.MaxValue)
            return;
        long pause = _writeBacks == 0 ? 0 : Math.Min(1_000L << Math.Min(_writeBacks - 1, 16), MostWriteBackMs);
        _writeBackAtMs = Math.Max(_nowMs, _lastWriteBackMs + pause);
    }

    private string AgentKeyName => $"/link/agents/{_options.Hostname}";

    /// <summary>From now on no address lasts longer than the lease that stands behind it.</summary>
    private void MeetNamesake()
    {
        _namesakeUntilMs = _nowMs + ClashMs;
        if (_namesakeMayLive)
            return;
        _namesakeMayLive = true;
        ExtendUncontested();
    }

    private void ForgetNamesake()
    {
        _namesakeUntilMs = long.MaxValue;
        _namesakeMayLive = false;
        ExtendUncontested();
    }

    private void ExtendUncontested()
    {
        foreach (Endpoint endpoint in _byId.Values)
        {
            if (endpoint is { State: EndpointState.Activated, Others.Length: 0, Spec.Policy: not EtcdLossPolicy.Release, LetGoAtMs: long.MaxValue })
                Extend(endpoint, LifetimeSeconds(endpoint));
        }
    }

    private void SayClash(string instance, string what)
    {
        _clashUntilMs = _nowMs + ClashMs;
        _clash = $"instance {instance} has written {AgentKeyName} and claims HOSTNAME \"{_options.Hostname}\"; {what}; " +
            "this agent goes on, with a lease of its own; give each host its own HOSTNAME";
        if (IsPowerOfTwo(++_clashes))
            Notice(NoticeLevel.Error, null, _clash);
    }

    /// <summary>The watches are on again, and another's write may have been missed: write the key once more, so that it is repeated.</summary>
    private void MeetNamesakeAgain()
    {
        if (_phase is Phase.Loading or Phase.Aside)
            return;
        _writeAgain = true;
        if (_phase == Phase.Probation)
            _probationEndMs = Math.Max(_probationEndMs, _nowMs + _options.ProbationMs);
    }

    // ---- the lease is another's too --------------------------------------------------------------

    private void LeaveSharedLease(ElectorInput.AgentKeyChanged input)
    {
        if (input.LeaseId != 0 && input.LeaseId == _leaseId)
            LeaveLease($"instance {input.Instance} has bound {AgentKeyName} to it");
    }

    /// <summary>
    /// A machine goes on announcing what our lock says is ours. If it believes in the same lease, it lets go once we have left that; if it is a
    /// stranger, nothing is lost, and it is not tried again soon.
    /// </summary>
    private void NoticeLastingRival(Endpoint endpoint, string by)
    {
        if (_nowMs - endpoint.LastRivalMs > RivalLastsMs)
            endpoint.RivalSinceMs = _nowMs;
        endpoint.LastRivalMs = _nowMs;
        if (_nowMs - endpoint.RivalSinceMs < RivalLastsMs || _nowMs < _mayLeaveForRivalAtMs)
            return;
        _mayLeaveForRivalAtMs = _nowMs + Math.Min(LeaveForRivalAgainMs << Math.Min(_leftForRivals++, 16), MostLeaveForRivalMs);
        LeaveLease($"{by} goes on announcing {endpoint.Spec.Key}");
    }

    /// <summary>Take another lease, and carry over what we have: whoever else has this one keeps nothing by it that we carried.</summary>
    private void LeaveLease(string reason)
    {
        if (_leaseId == 0 || _leavingLease || _leaveLeaseAtMs != long.MaxValue)
            return;
        _leaveLeaseAtMs = Math.Max(_nowMs, _mayLeaveLeaseAtMs);
        Notice(NoticeLevel.Warning, null, $"this host's lease may be another's too ({reason}); changing to a new one");
    }

    /// <summary>What we do not know as ours we cannot carry over: a moment after the start, or after a pause, it is known.</summary>
    private void StartLeavingLease()
    {
        if (_phase != Phase.Serving || _byId.Values.Any(static endpoint => !endpoint.LockKnown))
        {
            _leaveLeaseAtMs = _nowMs + _options.RetryDelayMs;
            return;
        }

        _leaveLeaseAtMs = long.MaxValue;
        _mayLeaveLeaseAtMs = _nowMs + LeaveLeaseAgainMs;
        _leavingLease = _leaseId != 0;
    }

    /// <summary>The new lease is there, before the old one is left.</summary>
    private void CarryLocksOver()
    {
        _leavingLease = false;
        foreach (Endpoint endpoint in _byId.Values)
        {
            if (HasLock(endpoint))
                RememberFormerLock(endpoint, endpoint.Lock!.Value);
        }
    }

    private static void RememberFormerLock(Endpoint endpoint, LockView held) => (endpoint.FormerLeaseId, endpoint.FormerRevision) = (held.LeaseId, held.Revision);

    private static bool IsPowerOfTwo(int count) => (count & (count - 1)) == 0;
}
