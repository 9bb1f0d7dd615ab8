namespace Link.Core.Plugins;

/// <summary>
/// Drives all outputs outside this host. Calls run elsewhere, never two at once for one output; the newest wish wins: it ends the call under way
/// and is carried out next. What fails is tried again at doubling intervals. On the loop only; see RemoteOutputs.Calls.cs for the calls themselves.
/// </summary>
internal sealed partial class RemoteOutputs(RemoteOutputOptions options, IRemoteOutputEvents events, Func<long> nowMs, Random random) : IDisposable
{
    private readonly HashSet<RemoteOutput> _outputs = [];

    /// <summary>Outputs that this host has only because nobody else competes, with what their activation failed with.</summary>
    private readonly Dictionary<RemoteOutput, string> _forWantOfOthers = [];
    private readonly PriorityQueue<RemoteOutput, long> _timers = new();
    private readonly Dictionary<string, Lane> _lanes = [];
    private readonly CancellationTokenSource _stop = new();

    /// <summary>The calls of one plugin: so many at once, the others wait, so that a plugin whose calls hang does not keep the others waiting.</summary>
    private sealed class Lane
    {
        public int UnderWay { get; set; }

        public Queue<RemoteOutput> Waiting { get; } = new();
    }

    /// <summary>When <see cref="Tick"/> wants to be called; null: not by time.</summary>
    public long? NextDueMs
    {
        get
        {
            while (_timers.TryPeek(out RemoteOutput? output, out long due))
            {
                if (due == output.DueMs)
                    return due;
                _timers.Dequeue();
            }

            return null;
        }
    }

    /// <summary>True while something that is to end outside has not ended.</summary>
    public bool IsEnding
    {
        get
        {
            foreach (RemoteOutput output in _outputs)
            {
                if (output is { WantsOn: false, IsFulfilled: false })
                    return true;
            }

            return false;
        }
    }

    /// <summary>Makes the output of an endpoint; nothing is wanted of it yet.</summary>
    public RemoteOutput Add(string plugin, OutputTarget endpoint, IRemoteOutput remote)
    {
        var output = new RemoteOutput(this, plugin, endpoint, remote);
        _outputs.Add(output);
        return output;
    }

    public void Want(RemoteOutput output, bool on, long revision)
    {
        if (output.IsRemoved)
            return;
        output.WantsOn = on;
        output.Revision = revision;
        output.Wish++;
        output.DeliveryId = Guid.NewGuid().ToString();
        output.Failures = 0;
        output.MustUndo = false;
        _forWantOfOthers.Remove(output);
        output.CallAtMs = nowMs();
        output.Call?.Cancel();
        Look(output);
    }

    /// <summary>There was a doubt: asks for a refresh before its time.</summary>
    public void EnsureNow(RemoteOutput output)
    {
        if (output is not { WantsOn: true, IsFulfilled: true } || output.Failures > 0)
            return;
        output.CallAtMs = nowMs();
        Look(output);
    }

    /// <summary>The endpoint is gone: what is on outside is ended, with a bounded number of tries.</summary>
    public void Remove(RemoteOutput output)
    {
        if (output.WantsOn == true)
            Want(output, on: false, output.Revision);
        output.IsRemoved = true;
        _forWantOfOthers.Remove(output);
        output.HealAtMs = long.MaxValue;
        Look(output);
    }

    /// <summary>Starts what is due, and gives up what another host competes for by now. Call after whatever may have changed.</summary>
    public void Tick(long now)
    {
        if (_forWantOfOthers.Count > 0)
            OfferWhatFails();
        while (_timers.TryPeek(out RemoteOutput? output, out long due) && due <= now)
        {
            _timers.Dequeue();
            if (due != output.DueMs)
                continue;
            output.DueMs = long.MaxValue;
            Look(output);
        }
    }

    public void Dispose() => _stop.Cancel();

    /// <summary>Compares what is wanted with what is, and acts. Idempotent.</summary>
    private void Look(RemoteOutput output)
    {
        long now = nowMs();
        if (now >= output.HealAtMs)
        {
            output.HealAtMs = long.MaxValue;
            output.Fault = null;
            events.OutputChanged(output, null);
        }

        if (output.Call == null && !output.IsQueued)
        {
            if (output is { IsRemoved: true } && (output.WantsOn == null || output.IsFulfilled || output.Failures >= options.FarewellTries))
            {
                _outputs.Remove(output);
                return;
            }

            if (now >= output.CallAtMs && Next(output) != null)
                Enqueue(output);
        }

        long due = Math.Min(output.HealAtMs, output.Call == null && !output.IsQueued && Next(output) != null ? output.CallAtMs : long.MaxValue);
        if (due == output.DueMs)
            return;
        output.DueMs = due;
        if (due != long.MaxValue)
            _timers.Enqueue(output, due);
    }

    private static CallKind? Next(RemoteOutput output) =>
        output.MustUndo || output is { WantsOn: false, IsFulfilled: false } ? CallKind.Deactivate
        : output.WantsOn != true ? null
        : !output.IsFulfilled ? CallKind.Activate
        : output.Remote.RefreshInterval == null ? null
        : CallKind.Ensure;

    private void Enqueue(RemoteOutput output)
    {
        if (!_lanes.TryGetValue(output.Plugin, out Lane? lane))
            _lanes[output.Plugin] = lane = new Lane();
        output.IsQueued = true;
        lane.Waiting.Enqueue(output);
        Advance(lane);
    }

    private void Advance(Lane lane)
    {
        while (lane.UnderWay < options.MaxCalls && lane.Waiting.TryDequeue(out RemoteOutput? output))
        {
            output.IsQueued = false;
            if (Next(output) is { } kind)
            {
                lane.UnderWay++;
                Start(output, kind, lane);
            }
            else
            {
                Look(output);
            }
        }
    }

    /// <summary>75 to 125 % of a period, so that endpoints that started together do not call together.</summary>
    private long Jitter(TimeSpan period) => (long)(period.TotalMilliseconds * (0.75 + random.NextDouble() / 2));

    /// <summary>The pause after so many failures in a row.</summary>
    private TimeSpan BackOff(TimeSpan first, int failures)
    {
        double doubled = first.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 30));
        return TimeSpan.FromMilliseconds(Math.Min(doubled, options.MaxBackoff.TotalMilliseconds));
    }
}
