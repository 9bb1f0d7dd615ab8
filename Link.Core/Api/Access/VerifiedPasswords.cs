using System.Security.Cryptography;

namespace Link.Core.Api.Access;

/// <summary>
/// Pairs of user and password that were found right, so that a client that asks every second does not cost a hash each time. Kept as HMACs under a key
/// that lives and dies with this object: a dump of the memory gives no fast way to guess them without it. The oldest goes when there are too many.
/// </summary>
internal sealed class VerifiedPasswords
{
    private const int Most = 256;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes);
    private readonly Lock _gate = new();
    private readonly HashSet<string> _known = [];
    private readonly Queue<string> _oldest = new();

    public bool Contains(ReadOnlySpan<byte> pair)
    {
        string mark = Mark(pair);
        lock (_gate)
        {
            return _known.Contains(mark);
        }
    }

    public void Add(ReadOnlySpan<byte> pair)
    {
        string mark = Mark(pair);
        lock (_gate)
        {
            if (!_known.Add(mark))
            {
                return;
            }

            _oldest.Enqueue(mark);
            if (_oldest.Count > Most)
            {
                _known.Remove(_oldest.Dequeue());
            }
        }
    }

    private string Mark(ReadOnlySpan<byte> pair) => Convert.ToBase64String(HMACSHA256.HashData(_key, pair));
}
