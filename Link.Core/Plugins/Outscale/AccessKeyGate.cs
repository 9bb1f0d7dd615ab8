using System.Globalization;

namespace Link.Core.Plugins.Outscale;

/// <summary>
/// Keeps wrong keys from locking the account, which four wrong signatures in a row do: for a minute, and for one more with each further four. The first
/// request with a pair of keys goes alone, and the others wait for how it ends; a pair that was refused rests, for all endpoints that have it. While it
/// works, up to <see cref="MaxAtOnce"/> requests are under way, so that keys that are withdrawn just then make fewer than four wrong signatures.
/// </summary>
/// <remarks>
/// By pair rather than by access key: an endpoint with the right secret key does not wait because another's is misspelt. For use from any thread.
/// </remarks>
internal sealed class AccessKeyGate(Func<long> nowMs)
{
    public const int MaxAtOnce = 3;
    public const int MaxKeys = 1024;

    /// <summary>So long after a success several requests may go at once.</summary>
    private const long TrustMs = 10_000;

    /// <summary>After the first, second, third and every further refusal.</summary>
    private static readonly TimeSpan[] Rests = [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1)];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Pair> _pairs = [];

    private sealed class Pair
    {
        public int UnderWay { get; set; }

        /// <summary>In a row.</summary>
        public int Refusals { get; set; }

        public long RestsUntilMs { get; set; } = long.MinValue;

        public long TrustedUntilMs { get; set; } = long.MinValue;

        /// <summary>Why it rests.</summary>
        public OutputException? Reason { get; set; }

        public Queue<TaskCompletionSource> Waiting { get; } = new();
    }

    /// <summary>Pairs that are known; for tests.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _pairs.Count;
        }
    }

    /// <summary>Waits until a request may be made. <see cref="Leave"/> has to follow.</summary>
    /// <param name="pair">Its <see cref="OutscaleCredentials.Fingerprint"/>.</param>
    /// <exception cref="OutputException">The pair was refused and rests.</exception>
    public async Task EnterAsync(string pair, CancellationToken cancel)
    {
        TaskCompletionSource turn;
        lock (_lock)
        {
            Pair entry = Find(pair);
            if (Refusal(entry) is { } resting)
                throw resting;
            if (MayStart(entry))
            {
                entry.UnderWay++;
                return;
            }

            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            entry.Waiting.Enqueue(turn);
        }

        using CancellationTokenRegistration registration = cancel.Register(() => turn.TrySetCanceled(cancel));
        await turn.Task.ConfigureAwait(false);
    }

    /// <param name="reason">What a verdict other than accepted came with.</param>
    public void Leave(string pair, KeyVerdict verdict, OutputException? reason)
    {
        lock (_lock)
        {
            Pair entry = Find(pair);
            entry.UnderWay--;
            long now = nowMs();
            switch (verdict)
            {
                case KeyVerdict.Accepted:
                    entry.Refusals = 0;
                    entry.RestsUntilMs = long.MinValue;
                    entry.TrustedUntilMs = now + TrustMs;
                    break;
                case KeyVerdict.Refused:
                    entry.Refusals++;
                    Rest(entry, now + (long)Rests[Math.Min(entry.Refusals, Rests.Length) - 1].TotalMilliseconds, reason);
                    break;
                case KeyVerdict.Locked:
                    Rest(entry, now + (long)Rests[0].TotalMilliseconds, reason);
                    break;
                case KeyVerdict.Unreachable:
                    entry.TrustedUntilMs = long.MinValue;
                    // One after the other, they would wait for many deadlines.
                    End(entry, new OutputException($"not asked, because another request of this host got no answer: {reason?.Message}", reason?.RetryAfter));
                    break;
            }

            Admit(entry);
        }
    }

    private static void Rest(Pair entry, long untilMs, OutputException? reason)
    {
        entry.TrustedUntilMs = long.MinValue;
        entry.RestsUntilMs = Math.Max(entry.RestsUntilMs, untilMs);
        entry.Reason = reason;
    }

    private void Admit(Pair entry)
    {
        if (Refusal(entry) is { } refusal)
            End(entry, refusal);
        // One that was cancelled meanwhile takes no turn.
        while (MayStart(entry) && entry.Waiting.TryDequeue(out TaskCompletionSource? turn))
        {
            if (turn.TrySetResult())
                entry.UnderWay++;
        }
    }

    private static void End(Pair entry, OutputException reason)
    {
        while (entry.Waiting.TryDequeue(out TaskCompletionSource? turn))
            turn.TrySetException(reason);
    }

    private bool MayStart(Pair entry) => entry.UnderWay == 0 || (entry.UnderWay < MaxAtOnce && nowMs() < entry.TrustedUntilMs);

    private OutputException? Refusal(Pair entry)
    {
        long rest = entry.RestsUntilMs == long.MinValue ? 0 : entry.RestsUntilMs - nowMs();
        if (rest <= 0)
            return null;
        string seconds = Math.Ceiling(rest / 1000.0).ToString(CultureInfo.InvariantCulture);
        return new OutputException(
            $"not asked again with these keys for {seconds} s, so as not to lock the account: {entry.Reason?.Message}",
            TimeSpan.FromMilliseconds(rest),
            entry.Reason?.IsPermanent ?? false);
    }

    private Pair Find(string pair)
    {
        if (_pairs.TryGetValue(pair, out Pair? entry))
            return entry;
        if (_pairs.Count >= MaxKeys)
            DropOne();
        return _pairs[pair] = new Pair();
    }

    /// <summary>The one that matters least: nothing under way, and the first to have rested.</summary>
    private void DropOne()
    {
        string? least = null;
        foreach ((string name, Pair entry) in _pairs)
        {
            if (entry.UnderWay == 0 && entry.Waiting.Count == 0 && (least is null || entry.RestsUntilMs < _pairs[least].RestsUntilMs))
                least = name;
        }

        if (least is not null)
            _pairs.Remove(least);
    }
}
