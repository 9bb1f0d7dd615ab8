namespace Link.Tests.Bed;

/// <summary>Waits for a condition with a deadline; there is no other kind of waiting in the tests.</summary>
internal static class Wait
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    /// <exception cref="TimeoutException">With <paramref name="what"/>, and what went wrong at the last try.</exception>
    internal static async Task UntilAsync(string what, Func<Task<bool>> condition, TimeSpan deadline)
    {
        var start = BedClock.Now;
        Exception? last = null;
        do
        {
            try
            {
                if (await condition())
                    return;
                last = null;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException or System.Text.Json.JsonException)
            {
                last = e;
            }
            await Task.Delay(Step);
        }
        while (BedClock.MillisecondsSince(start) < deadline.TotalMilliseconds);
        throw new TimeoutException($"{what}: not within {deadline.TotalSeconds:0.#} s{(last is null ? "" : $" ({last.Message})")}");
    }

    internal static Task UntilAsync(string what, Func<bool> condition, TimeSpan deadline) =>
        UntilAsync(what, () => Task.FromResult(condition()), deadline);
}
