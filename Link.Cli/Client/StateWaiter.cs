using Link.Core.Api;

namespace Link.Cli.Client;

/// <summary><c>--wait</c>: asks again and again until a state is reached.</summary>
internal static class StateWaiter
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    /// <param name="pending">Asks once: null when the state is reached, else what there is instead.</param>
    /// <param name="most">How long to wait.</param>
    /// <param name="cancel">Ctrl-C.</param>
    public static async Task UntilAsync(Func<CancellationToken, Task<string?>> pending, TimeSpan most, CancellationToken cancel)
    {
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(most);
        string state = "no answer";
        try
        {
            while (await pending(deadline.Token) is { } now)
            {
                state = now;
                await Task.Delay(s_pause, deadline.Token);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new ApiRefusedException(408, $"done, but waited {most.TotalSeconds:0.###} s in vain: {state}");
        }
    }

    /// <summary>Added: some host has it, and the first call to the outside has ended, where there is one.</summary>
    public static string? PendingAdd(EndpointSnapshot? now) => now switch
    {
        null => "the endpoint is gone",
        { Output: "pending" } => $"{Describe(now)}, and the first call to the outside has not ended",
        { Status: "ACTIVATED" } => null,
        { Status: "STANDBY" } when now.Holder is not null || IsLinK(now) => null,
        _ => Describe(now),
    };

    /// <summary>Handed over: another host has it, and this one does not.</summary>
    public static string? PendingFailover(EndpointSnapshot? now, string? oldHolder, string? toHost) => now switch
    {
        null => null,
        { Status: "STANDBY" } when IsLinK(now) => null,
        { Status: "STANDBY", Holder: { } holder } when (toHost is null ? holder != oldHolder : holder == toHost) => null,
        _ => Describe(now),
    };

    private static string Describe(EndpointSnapshot now) =>
        $"{now.Id} is {now.Status}{(now.Holder is null ? "" : $", holder {now.Holder}")}{(now.Reason is null ? "" : $": {now.Reason}")}";

    /// <summary>LinK's agents tell neither the holder nor since when.</summary>
    private static bool IsLinK(EndpointSnapshot endpoint) => endpoint.Since == default && endpoint.Holder is null;
}
