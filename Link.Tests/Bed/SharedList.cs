using System.Collections;

namespace Link.Tests.Bed;

/// <summary>A list that one task fills while others read it.</summary>
internal sealed class SharedList<T> : IReadOnlyList<T>
{
    private readonly Lock _lock = new();
    private readonly List<T> _items = [];

    public int Count
    {
        get
        {
            lock (_lock)
                return _items.Count;
        }
    }

    public T this[int index]
    {
        get
        {
            lock (_lock)
                return _items[index];
        }
    }

    internal void Add(T item)
    {
        lock (_lock)
            _items.Add(item);
    }

    public IEnumerator<T> GetEnumerator()
    {
        lock (_lock)
            return _items.ToList().GetEnumerator();
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
