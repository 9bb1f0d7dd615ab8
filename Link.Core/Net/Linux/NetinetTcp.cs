namespace Link.Core.Net.Linux;

/// <summary><c>netinet/tcp.h</c>.</summary>
internal static class NetinetTcp
{
    public const int IPPROTO_TCP = 6, TCP_INFO = 11, TCP_ESTABLISHED = 1;
}
