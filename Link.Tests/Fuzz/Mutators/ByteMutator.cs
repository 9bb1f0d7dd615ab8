using System.Buffers.Binary;
using Link.Tests.Simulation;

namespace Link.Tests.Fuzz.Mutators;

/// <summary>Changes bytes of known inputs without knowing what they mean.</summary>
/// <param name="corpus">Where to begin.</param>
/// <param name="words">What the format's own syntax is made of.</param>
internal sealed class ByteMutator(IReadOnlyList<byte[]> corpus, params string[] words)
{
    private const int MostBytes = 64 * 1024;

    private static readonly ulong[] s_boundaries = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, ulong.MaxValue];

    public byte[] Make(SimRandom random) => Change(random, random.Pick<byte[]>([.. corpus]));

    /// <summary>One to eight changes.</summary>
    public byte[] Change(SimRandom random, byte[] from)
    {
        byte[] data = from;
        int changes = random.Chance(0.05) ? 0 : 1 + random.Below(random.Chance(0.7) ? 2 : 8);
        for (int i = 0; i < changes; i++)
            data = ChangeOnce(random, data);
        return data.Length > MostBytes ? data[..MostBytes] : data;
    }

    private byte[] ChangeOnce(SimRandom random, byte[] data)
    {
        int at = random.Below(data.Length + 1);
        int length = Math.Min(random.Below(random.Chance(0.8) ? 8 : Math.Max(1, data.Length) + 1), data.Length - at);
        ReadOnlySpan<byte> part = data.AsSpan(at, length);
        switch (random.Below(11))
        {
            case 0 when at < data.Length:
                return Replace(data, at, 1, [(byte)(data[at] ^ 1 << random.Below(8))]);
            case 1 when at < data.Length:
                return Replace(data, at, 1, [(byte)random.Next()]);
            case 2:
                return Replace(data, at, length, []);
            case 3:
                return data[..at];
            case 4:
                return Replace(data, at, 0, part);
            case 5:
                return Replace(data, at, length, Repeated(part, 1 + random.Below(random.Chance(0.9) ? 20 : 2000)));
            case 6:
                return Replace(data, at, Math.Min(length, 8), Number(random));
            case 7:
                byte[] other = corpus[random.Below(corpus.Count)];
                int from = random.Below(other.Length + 1);
                return Replace(data, at, random.Chance(0.5) ? data.Length - at : length, other.AsSpan(from, random.Below(other.Length - from + 1)));
            case 8 when words.Length > 0:
                return Replace(data, at, random.Chance(0.5) ? 0 : length, FuzzText.Utf8(words[random.Below(words.Length)]));
            case 9:
                return Replace(data, at, 0, FuzzText.Utf8(HostileText.Pick(random)));
            default:
                byte[] noise = new byte[1 + random.Below(8)];
                for (int i = 0; i < noise.Length; i++)
                    noise[i] = (byte)random.Next();
                return Replace(data, at, random.Chance(0.5) ? 0 : length, noise);
        }
    }

    private static byte[] Replace(byte[] data, int at, int length, ReadOnlySpan<byte> with)
    {
        length = Math.Min(length, data.Length - at);
        return [.. data.AsSpan(0, at), .. with, .. data.AsSpan(at + length)];
    }

    private static byte[] Repeated(ReadOnlySpan<byte> part, int times)
    {
        times = Math.Min(times, MostBytes / Math.Max(1, part.Length));
        byte[] all = new byte[part.Length * times];
        for (int i = 0; i < times; i++)
            part.CopyTo(all.AsSpan(i * part.Length));
        return all;
    }

    /// <summary>A number at a boundary, of one to eight bytes, in either order.</summary>
    private static byte[] Number(SimRandom random)
    {
        ulong value = s_boundaries[random.Below(s_boundaries.Length)] + (random.Chance(0.3) ? random.Pick(1UL, ulong.MaxValue) : 0);
        byte[] bytes = new byte[8];
        int size = random.Pick(1, 2, 4, 8);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        if (random.Chance(0.5))
            Array.Reverse(bytes, 0, size);
        return bytes[..size];
    }
}
