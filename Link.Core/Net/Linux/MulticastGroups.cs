using static Link.Core.Net.Linux.SysSocket;

namespace Link.Core.Net.Linux;

/// <summary>Memberships in IPv6 groups: the card lets their frames in, and MLD tells the switches.</summary>
internal sealed unsafe class MulticastGroups : IDisposable
{
    private FileDescriptor? _fd;

    /// <summary>Joins; a fault means that we hear less (no IPv6 here, or too many groups), and is not reported.</summary>
    public void Join(HostAddress group, int interfaceIndex) => Change(IPV6_JOIN_GROUP, group, interfaceIndex);

    public void Leave(HostAddress group, int interfaceIndex) => Change(IPV6_LEAVE_GROUP, group, interfaceIndex);

    public void Dispose() => _fd?.Dispose();

    private void Change(int option, HostAddress group, int interfaceIndex)
    {
        if (_fd is null)
        {
            var fd = Libc.socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            if (fd < 0)
                return;
            _fd = FileDescriptor.Own(fd, "open an IPv6 socket");
        }

        ipv6_mreq request = new() { ipv6mr_interface = interfaceIndex };
        group.CopyTo(new Span<byte>(&request.ipv6mr_multiaddr_high, 16));
        _ = Libc.setsockopt(_fd, IPPROTO_IPV6, option, &request, (uint)sizeof(ipv6_mreq));
    }
}
