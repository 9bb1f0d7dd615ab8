using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Link.Core.Agent;

/// <summary>
/// The question whether an agent with our name lives, and its answer: one datagram each, and as long as each other, so that nothing is amplified.
/// Neither carries the instance: both prove that their sender knows it. The nonce ties an answer to its question.
/// <code>
/// 0        8                 24                               56
/// | magic  | nonce           | HMAC-SHA-256(instance, 0..24)  |
/// </code>
/// </summary>
internal static class NamesakeMessage
{
    public const int Length = 56;
    public const int NonceLength = 16;

    /// <summary>Longer than any text of an address and a port.</summary>
    private const int MostReachLength = 64;
    private const int ProofOffset = 24;

    private static ReadOnlySpan<byte> QuestionMagic => "LinKwho1"u8;

    private static ReadOnlySpan<byte> AnswerMagic => "LinKiam1"u8;

    public static byte[] Question(ReadOnlySpan<byte> nonce, string instance) => Build(QuestionMagic, nonce, instance);

    public static bool IsAnswer(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> nonce, string instance) =>
        datagram.Length == Length && CryptographicOperations.FixedTimeEquals(datagram, Build(AnswerMagic, nonce, instance));

    /// <summary>Null: it is no question, or one for another instance.</summary>
    public static byte[]? Answer(ReadOnlySpan<byte> datagram, string instance)
    {
        if (datagram.Length != Length || !datagram.StartsWith(QuestionMagic))
            return null;
        ReadOnlySpan<byte> nonce = datagram.Slice(QuestionMagic.Length, NonceLength);
        return CryptographicOperations.FixedTimeEquals(datagram, Build(QuestionMagic, nonce, instance)) ? Build(AnswerMagic, nonce, instance) : null;
    }

    /// <summary>Where an agent key says that its instance can be asked. Whoever may write etcd writes it: no groups, no system's services.</summary>
    public static IPEndPoint? ParseReach(string? reach)
    {
        if (reach is not { Length: > 0 and <= MostReachLength } || !IPEndPoint.TryParse(reach, out IPEndPoint? at) || at.Port < 1024)
            return null;
        IPAddress address = at.Address.IsIPv4MappedToIPv6 ? at.Address.MapToIPv4() : at.Address;
        byte[] bytes = address.GetAddressBytes();
        bool isUnicast = bytes.Length == 4 ? bytes[0] is > 0 and < 224 : !address.IsIPv6Multicast && !address.Equals(IPAddress.IPv6Any) && !address.IsIPv6LinkLocal;
        return isUnicast ? new IPEndPoint(address, at.Port) : null;
    }

    private static byte[] Build(ReadOnlySpan<byte> magic, ReadOnlySpan<byte> nonce, string instance)
    {
        var message = new byte[Length];
        magic.CopyTo(message);
        nonce.CopyTo(message.AsSpan(magic.Length));
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(instance), message.AsSpan(0, ProofOffset), message.AsSpan(ProofOffset));
        return message;
    }
}
