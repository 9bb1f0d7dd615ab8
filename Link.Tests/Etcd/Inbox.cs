using System.Threading.Channels;

namespace Link.Tests.Etcd;

/// <summary>Collects what a callback tells, for a test that waits for it with a deadline.</summary>
internal sealed class Inbox<T>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly Channel<T> _channel = Channel.CreateUnbounded<T>();

    public void Add(T item) => _channel.Writer.TryWrite(item);

    public async Task<T> NextAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        return await _channel.Reader.ReadAsync(deadline.Token);
    }

    /// <summary>Skips until one is wanted.</summary>
    public async Task<T> UntilAsync(Predicate<T> isWanted)
    {
        for (; ; )
        {
            T item = await NextAsync();
            if (isWanted(item))
                return item;
        }
    }

    /// <summary>Skips until one is of that type.</summary>
    public async Task<TWanted> UntilAsync<TWanted>()
        where TWanted : T => (TWanted)(await UntilAsync(static item => item is TWanted))!;

    public IReadOnlyList<T> Drain()
    {
        var items = new List<T>();
        while (_channel.Reader.TryRead(out T? item))
            items.Add(item);
        return items;
    }
}
