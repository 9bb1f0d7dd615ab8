namespace Link.Core.Election;

/// <summary>
/// Two agents with one HOSTNAME share a lease and every lock, so only one may serve. Each writes its instance into <c>/link/agents/{host}</c>:
/// a live agent that sees its key overwritten writes it back, and the newcomer that finds it written back stops.
/// </summary>
internal sealed partial class Elector
{
    /// <summary>Instance that our key replaced.</summary>
    private string? _predecessor;
    private bool _predecessorMayLive;

    /// <summary>Whom we told to stop, and how often.</summary>
    private string? _objectedTo;
    private int _objections;

    /// <summary>The last other instance seen before our own write was answered.</summary>
    private string? _foreignInstance;
    private long _foreignRevision;

    private void OnAgentKeyChanged(ElectorInput.AgentKeyChanged input)
    {
        if (input.Instance == _options.Instance || _phase is Phase.Loading or Phase.Stopped)
            return;
        if (_phase == Phase.Joining)
        {
            // Before our write it is a predecessor, after it somebody who objects: the revision of our write will tell.
            if (input.Instance != null)
                (_foreignInstance, _foreignRevision) = (input.Instance, input.Revision);
            return;
        }

        if (input.Instance != null && MustYieldTo(input.Instance))
        {
            StopForNamesake(input.Instance);
            return;
        }

        if (_phase != Phase.Serving)
            return;
        if (input.Instance != null)
        {
            _objections = input.Instance == _objectedTo ? _objections + 1 : 1;
            _objectedTo = input.Instance;
            Notice(NoticeLevel.Error, null, $"another agent started with HOSTNAME \"{_options.Hostname}\" (instance {input.Instance}); telling it to stop");
        }

        _writeAgain = true;
    }

    /// <summary>
    /// The newcomer yields: to its predecessor, and while it is on probation to everybody. Of two that serve, and did not know of each
    /// other when they started, each objects twice, for a newcomer may write twice before it hears the first objection; if neither has yielded by
    /// then, the greater instance does.
    /// </summary>
    private bool MustYieldTo(string instance) =>
        _phase == Phase.Probation
        || (instance == _predecessor && _predecessorMayLive)
        || (instance == _objectedTo && _objections > 1 && string.CompareOrdinal(instance, _options.Instance) < 0);

    /// <summary>The watches are on again, and an objection may have been missed: write the key once more, so that it is repeated.</summary>
    private void MeetNamesakeAgain()
    {
        if (_phase == Phase.Loading)
            return;
        _writeAgain = true;
        if (_phase == Phase.Probation)
            _probationEndMs = Math.Max(_probationEndMs, _nowMs + _options.ProbationMs);
    }

    private void StopForNamesake(string instance)
    {
        foreach (Endpoint endpoint in _byId.Values)
        {
            if (endpoint.State == EndpointState.Activated)
                Emit(new ElectorEffect.Deactivate(endpoint.Id));
        }

        _phase = Phase.Stopped;
        _wakeMs = long.MaxValue;
        Emit(new ElectorEffect.Stop($"another agent with HOSTNAME \"{_options.Hostname}\" is running (instance {instance}); give each host its own HOSTNAME"));
    }
}
