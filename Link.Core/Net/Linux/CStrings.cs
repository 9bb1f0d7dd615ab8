using System.Runtime.InteropServices;
using System.Text;

namespace Link.Core.Net.Linux;

/// <summary>An array of C strings with a null at its end, as execve(2) takes them.</summary>
internal sealed unsafe class CStrings : IDisposable
{
    private readonly byte** _pointers;

    public CStrings(IReadOnlyList<string> texts)
    {
        int pointers = (texts.Count + 1) * sizeof(byte*);
        int bytes = pointers;
        foreach (string text in texts)
            bytes += Encoding.UTF8.GetByteCount(text) + 1;
        _pointers = (byte**)NativeMemory.AllocZeroed((nuint)bytes);
        byte* at = (byte*)_pointers + pointers;
        byte* end = (byte*)_pointers + bytes;
        for (int i = 0; i < texts.Count; i++)
        {
            _pointers[i] = at;
            at += Encoding.UTF8.GetBytes(texts[i], new Span<byte>(at, (int)(end - at))) + 1;
        }
    }

    public byte** Pointer => _pointers;

    public void Dispose() => NativeMemory.Free(_pointers);
}
