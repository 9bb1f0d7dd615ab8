namespace Link.Core.Plugins;

/// <summary>One call: made elsewhere, its end dealt with on the loop.</summary>
internal sealed partial class RemoteOutputs
{
    /// <param name="Revision">The lock's revision when the call was made; null: it was not held any more, and nothing was called.</param>
    /// <param name="LostMeanwhile">The call was made, and the lock is another's since.</param>
    private readonly record struct CallResult(long? Revision, bool LostMeanwhile, Exception? Fault);

    private void Start(RemoteOutput output, CallKind kind, Lane lane)
    {
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        output.Call = cancel;
        output.CallAtMs = long.MaxValue;
        long wish = output.Wish;
        string delivery = output.DeliveryId;
        long revision = output.Revision;
        _ = Task.Run(async () =>
        {
            CallResult result = await CallAsync(output, kind, revision, delivery, cancel).ConfigureAwait(false);
            events.Post(() =>
            {
                lane.UnderWay--;
                output.Call = null;
                cancel.Dispose();
                OnEnded(output, kind, wish, result);
                Look(output);
                Advance(lane);
            });
        });
    }

    private async Task<CallResult> CallAsync(RemoteOutput output, CallKind kind, long revision, string delivery, CancellationTokenSource cancel)
    {
        IRemoteOutput remote = output.Remote;
        long? held = revision;
        try
        {
            // Asking etcd has a deadline of its own.
            if (kind != CallKind.Deactivate)
                held = await events.FindLockAsync(output.EndpointId, cancel.Token).ConfigureAwait(false);
            if (held == null)
                return new CallResult(null, false, null);
            var call = new OutputCall(held.Value, delivery, async token => await events.FindLockAsync(output.EndpointId, token).ConfigureAwait(false) != null);
            cancel.CancelAfter(remote.Deadline);
            await (kind switch
            {
                CallKind.Activate => remote.ActivateAsync(call, cancel.Token),
                CallKind.Ensure => remote.EnsureAsync(call, cancel.Token),
                _ => remote.DeactivateAsync(call, cancel.Token),
            }).ConfigureAwait(false);
            bool lost = kind != CallKind.Deactivate && await events.FindLockAsync(output.EndpointId, _stop.Token).ConfigureAwait(false) == null;
            return new CallResult(held, lost, null);
        }
        catch (LockLostException)
        {
            // Asked half-way, before it changed anything.
            return new CallResult(null, false, null);
        }
        catch (Exception fault)
        {
            return new CallResult(held, false, fault);
        }
    }

    private void OnEnded(RemoteOutput output, CallKind kind, long wish, CallResult result)
    {
        if (_stop.IsCancellationRequested)
            return;
        if (kind == CallKind.Deactivate && result.Fault == null)
            output.MustUndo = false;
        // A newer wish ended it: what it came to does not matter any more, only that it ended.
        if (wish != output.Wish)
            return;
        if (result.Fault != null)
        {
            OnFailed(output, kind, result.Fault);
            return;
        }

        output.Failures = 0;
        _forWantOfOthers.Remove(output);
        if (result.LostMeanwhile || result.Revision == null)
        {
            // The election hears of it in a moment and says what is wanted now; until then, look again.
            output.MustUndo = result.LostMeanwhile;
            output.Fulfilled = 0;
            output.CallAtMs = result.LostMeanwhile ? nowMs() : nowMs() + Jitter(options.EnsureInterval);
            return;
        }

        if (output.WantsOn == true && kind == CallKind.Deactivate)
        {
            // Undone; the activation is tried again, if the lock is ours after all.
            output.CallAtMs = nowMs() + Jitter(options.EnsureInterval);
            return;
        }

        output.Fulfilled = wish;
        output.Revision = result.Revision.Value;
        if (kind == CallKind.Activate)
            output.GivenUp = 0;
        TimeSpan? refresh = output.WantsOn == true ? output.Remote.RefreshInterval : null;
        if (refresh is { } period)
        {
            output.CallAtMs = nowMs() + Jitter(period);
            output.DeliveryId = Guid.NewGuid().ToString();
        }

        events.CallEnded(output, null, null, 0, refresh);
    }

    private void OnFailed(RemoteOutput output, CallKind kind, Exception fault)
    {
        output.Failures++;
        var known = fault as OutputException;
        string error = fault switch
        {
            OutputException => fault.Message,
            OperationCanceledException => $"not done within {output.Remote.Deadline.TotalSeconds:0.###} s",
            _ => $"{fault.GetType().Name}: {fault.Message.ReplaceLineEndings(" ")}",
        };
        TimeSpan pause = known is { IsPermanent: true } ? options.MaxBackoff : BackOff(options.EnsureInterval, output.Failures);
        var jittered = TimeSpan.FromMilliseconds(Jitter(pause));
        if (known?.RetryAfter is { } least && least > jittered)
            jittered = least < options.MaxBackoff ? least : options.MaxBackoff;
        output.CallAtMs = nowMs() + (long)jittered.TotalMilliseconds;
        events.CallEnded(output, error, known?.Answer, output.Failures, output.IsRemoved && output.Failures >= options.FarewellTries ? null : jittered);
        if (kind != CallKind.Activate || !IsHopeless(output, known))
            return;
        if (events.OthersCompete(output.EndpointId))
            GiveUp(output, error);
        else
            _forWantOfOthers[output] = error;
    }

    private bool IsHopeless(RemoteOutput output, OutputException? fault) =>
        options.FailuresBeforeFailover > 0
        && (output.Failures >= options.FailuresBeforeFailover || fault is { IsPermanent: true })
        && output is { WantsOn: true, Fault: null };

    /// <summary>A host that comes later must not wait for the next try, which may be minutes away.</summary>
    private void OfferWhatFails()
    {
        foreach ((RemoteOutput output, string error) in _forWantOfOthers.ToArray())
        {
            if (!events.OthersCompete(output.EndpointId))
                continue;
            GiveUp(output, error);
            Look(output);
        }
    }

    /// <summary>This host cannot do it, another may: the fault makes the endpoint FAILING here. After a rest, this host competes again.</summary>
    private void GiveUp(RemoteOutput output, string error)
    {
        _forWantOfOthers.Remove(output);
        output.GivenUp++;
        output.Fault = error;
        output.HealAtMs = nowMs() + Jitter(BackOff(options.Rest, output.GivenUp));
        events.OutputChanged(output, error);
    }
}
