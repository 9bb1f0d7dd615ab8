using System.Net;
using System.Security.Cryptography;

namespace Link.Core.Api.Access;

/// <summary>
/// Pairs of user and password that were found right, so that a client that asks every second does not cost a hash each time. Kept as HMACs under a key
/// that lives and dies with this object: a dump of the memory gives no fast way to guess them without it. The oldest goes when there are too many.
/// </summary>
/// <remarks>
/// An answer that costs nothing would be a fast way to guess for everybody: only the source that a pair came from has it at once. Others wait for their turn
/// first, and then need no hash either.
/// </remarks>
internal sealed class VerifiedPasswords
{
    private const int Most = 1024;

    private static readonly byte[] s_anySource = [];

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(HMACSHA256.HashSizeInBytes);
    private readonly Lock _gate = new();
    private readonly HashSet<string> _known = [];
    private readonly Queue<string> _oldest = new();

    /// <summary>Found right, and it came from this source.</summary>
    public bool Contains(IPAddress source, ReadOnlySpan<byte> pair) => Contains(Mark(source.GetAddressBytes(), pair));

    /// <summary>Found right, wherever it came from.</summary>
    public bool Contains(ReadOnlySpan<byte> pair) => Contains(Mark(s_anySource, pair));

    public void Add(IPAddress source, ReadOnlySpan<byte> pair)
    {
        Add(Mark(source.GetAddressBytes(), pair));
        Add(Mark(s_anySource, pair));
    }

    private bool Contains(string mark)
    {
        lock (_gate)
        {
            return _known.Contains(mark);
        }
    }

    private void Add(string mark)
    {
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

    private string Mark(byte[] source, ReadOnlySpan<byte> pair)
    {
        using IncrementalHash hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hmac.AppendData([(byte)source.Length]);
        hmac.AppendData(source);
        hmac.AppendData(pair);
        return Convert.ToBase64String(hmac.GetHashAndReset());
    }
}
