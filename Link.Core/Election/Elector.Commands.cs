namespace Link.Core.Election;

/// <summary>What administrators ask for: add and remove an endpoint, try for a lock.</summary>
internal sealed partial class Elector
{
    private const long CommandDeadlineMs = 5_000;

    private bool EtcdAnswers => _phase == Phase.Serving && !_lost;

    private string EtcdReason => _phase switch
    {
        Phase.Loading => "etcd has not answered since the agent started",
        Phase.Joining or Phase.Probation => "the agent is still joining",
        Phase.Aside => _clash ?? "another agent may have this HOSTNAME; it is being asked",
        _ => "etcd does not answer",
    };

    /// <summary>Whether etcd answers; if not, the command is answered.</summary>
    private bool IsPossible(long commandId)
    {
        if (!EtcdAnswers)
            Answer(commandId, AnswerStatus.Unavailable, EtcdReason);
        return EtcdAnswers;
    }

    /// <summary>The endpoint that a command is for; null: there is none or etcd does not answer, and the command is answered.</summary>
    private Endpoint? FindFor(long commandId, string endpointId)
    {
        if (_byId.TryGetValue(endpointId, out Endpoint? endpoint))
            return IsPossible(commandId) ? endpoint : null;
        Answer(commandId, AnswerStatus.NotFound);
        return null;
    }

    private void OnAddEndpoint(ElectorInput.AddEndpoint input)
    {
        if (!IsPossible(input.CommandId))
            return;

        if (_byId.ContainsKey(input.Endpoint.Id) || _byKey.ContainsKey(input.Endpoint.Key))
        {
            Answer(input.CommandId, AnswerStatus.Refused, $"this host has an endpoint with election key {input.Endpoint.Key} already");
            return;
        }

        var endpoint = new Endpoint(input.Endpoint) { Creating = true, CreateCommandId = input.CommandId, CreateDeadlineMs = _nowMs + CommandDeadlineMs };
        _byId[endpoint.Id] = endpoint;
        _byKey[endpoint.Spec.Key] = endpoint;
        Reconcile(endpoint);
    }

    /// <summary>It may be stored or not: take it back, however long that takes, so that nothing half made is left.</summary>
    private void GiveUpCreating(Endpoint endpoint)
    {
        Answer(endpoint.CreateCommandId, AnswerStatus.Unavailable, "etcd does not answer; the endpoint was not added");
        endpoint.Creating = false;
        endpoint.CreateCommandId = 0;
        endpoint.CreateDeadlineMs = long.MaxValue;
        endpoint.Removing = true;
    }

    private void OnRemoveEndpoint(ElectorInput.RemoveEndpoint input)
    {
        if (FindFor(input.CommandId, input.EndpointId) is not { } endpoint)
            return;

        if (endpoint.Removing)
        {
            Answer(input.CommandId, AnswerStatus.Refused, "the endpoint is being deleted already");
            return;
        }

        if (endpoint.HandOver is { } handOver)
        {
            endpoint.HandOver = null;
            EndHandOver(handOver, AnswerStatus.Failed, "the endpoint is being deleted");
        }

        endpoint.Removing = true;
        endpoint.RemoveCommandId = input.CommandId;
        endpoint.RemoveDeadlineMs = _nowMs + CommandDeadlineMs;
        if (endpoint.State == EndpointState.Activated && endpoint.Others.Length > 0)
            Emit(new ElectorEffect.Silence(endpoint.Id));
        Reconcile(endpoint);
    }

    private void AnswerRemovalLater(Endpoint endpoint)
    {
        endpoint.RemoveDeadlineMs = long.MaxValue;
        Answer(endpoint.RemoveCommandId, AnswerStatus.Unavailable, "etcd does not answer; the endpoint is deleted as soon as it does");
        endpoint.RemoveCommandId = 0;
    }

    /// <summary>etcd has forgotten the endpoint. If we had the lock and others compete, the address stays until one of them has it.</summary>
    private void OnRemoved(Endpoint endpoint, bool hadLock)
    {
        endpoint.RemovedFromEtcd = true;
        endpoint.RemoveDeadlineMs = long.MaxValue;
        endpoint.HandOver = new HandOver
        {
            CommandId = 0,
            Given = true,
            DeadlineMs = hadLock && endpoint.Others.Length > 0 ? _nowMs + _options.KeepAliveIntervalMs : _nowMs,
        };
    }

    private void ReconcileRemoved(Endpoint endpoint)
    {
        HandOver handOver = endpoint.HandOver!;
        if (endpoint.State == EndpointState.Activated && endpoint.Fault == null)
        {
            if (endpoint is { LockKnown: true, Lock: not null } && !HasLock(endpoint))
                endpoint.LetGoAtMs = Math.Min(endpoint.LetGoAtMs, _nowMs + _options.LetGoDelayMs);
            long due = Math.Min(handOver.DeadlineMs, endpoint.LetGoAtMs);
            if (_nowMs < due)
            {
                WakeEndpointAt(endpoint, due);
                return;
            }
        }

        EndpointState from = endpoint.State;
        endpoint.State = EndpointState.Standby;
        if (from == EndpointState.Activated)
            Emit(new ElectorEffect.StateChanged(endpoint.Id, from, EndpointState.Standby, "deleted"));
        Emit(new ElectorEffect.Deactivate(endpoint.Id));
        endpoint.Gone = true;
        _byId.Remove(endpoint.Id);
        _byKey.Remove(endpoint.Spec.Key);
        Emit(new ElectorEffect.Removed(endpoint.Id));
        Answer(endpoint.RemoveCommandId, AnswerStatus.Done);
    }

    private void Announce(Endpoint endpoint)
    {
        if (endpoint.State == EndpointState.Activated)
            Emit(new ElectorEffect.Announce(endpoint.Id));
    }

    private void OnTryLock(ElectorInput.TryLock input)
    {
        if (FindFor(input.CommandId, input.EndpointId) is not { } endpoint)
            return;

        endpoint.MustObserve = true;
        endpoint.TakeNotBeforeMs = 0;
        Reconcile(endpoint);
        Answer(input.CommandId, AnswerStatus.Done);
    }
}
