using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Link.Core.Net.Linux;
using Xunit;

namespace Link.Tests.Net.Linux;

/// <summary>Compares our structs and constants with those of the C compiler.</summary>
public sealed class LayoutTests
{
    // IFA_PROTO is younger than some distributions' headers.
    private static readonly string[] s_notInTheHeaders =
    [
        "IFA_PROTO", "IFAPROT_UNSPEC", "IFAPROT_KERNEL_LO", "IFAPROT_KERNEL_RA", "IFAPROT_KERNEL_LL",
        "NDISC_NEIGHBOUR_SOLICITATION", "NDISC_NEIGHBOUR_ADVERTISEMENT", "VLAN_VID_MASK",
    ];

    [Fact]
    public void Structs_and_constants_are_those_of_the_C_compiler()
    {
        Dictionary<string, long> ours = new(StringComparer.Ordinal);
        Struct<Netlink.sockaddr_nl>(ours);
        Struct<Netlink.nlmsghdr>(ours);
        Struct<Netlink.nlmsgerr>(ours);
        Struct<Rtnetlink.rtattr>(ours);
        Struct<Rtnetlink.ifinfomsg>(ours);
        Struct<Rtnetlink.rtmsg>(ours);
        Struct<Rtnetlink.rtnexthop>(ours);
        Struct<Rtnetlink.nhmsg>(ours);
        Struct<SockDiag.inet_diag_sockid>(ours);
        Struct<SockDiag.inet_diag_req_v2>(ours);
        Struct<SockDiag.inet_diag_msg>(ours);
        Struct<Pwd.passwd>(ours);
        Struct<IfAddr.ifaddrmsg>(ours);
        Struct<IfAddr.ifa_cacheinfo>(ours);
        Struct<IfPacket.sockaddr_ll>(ours);
        Struct<Filter.sock_filter>(ours);
        Struct<Filter.sock_fprog>(ours);
        Struct<SysSocket.iovec>(ours);
        Struct<SysSocket.msghdr>(ours);
        Struct<SysSocket.mmsghdr>(ours);
        Struct<SysSocket.ucred>(ours);
        Struct<SysResource.rlimit>(ours);
        Struct<SysEpoll.timespec>(ours);
        Struct<SysEpoll.itimerspec>(ours);
        Struct<SysPoll.pollfd>(ours);
        Struct<Capability.__user_cap_header_struct>(ours);
        Struct<Capability.__user_cap_data_struct>(ours);
        Struct<SysStat.statx>(ours);
        ours["sizeof(posix_spawnattr_t)"] = Unsafe.SizeOf<Spawn.posix_spawnattr_t>();
        ours["sizeof(posix_spawn_file_actions_t)"] = Unsafe.SizeOf<Spawn.posix_spawn_file_actions_t>();
        ours["sizeof(sigset_t)"] = Unsafe.SizeOf<Spawn.sigset_t>();
        ours["sizeof(siginfo_t)"] = Unsafe.SizeOf<Spawn.siginfo_t>();
        ours["offsetof(siginfo_t, si_code)"] = Marshal.OffsetOf<Spawn.siginfo_t>("si_code");
        ours["offsetof(siginfo_t, si_status)"] = Marshal.OffsetOf<Spawn.siginfo_t>("si_status");
        ours["sizeof(struct ipv6_mreq)"] = Unsafe.SizeOf<SysSocket.ipv6_mreq>();
        ours["sizeof(struct epoll_event)"] = SysEpoll.EpollEventSize;
        ours["offsetof(struct epoll_event, data)"] = SysEpoll.EpollDataOffset;
        foreach (var header in new[]
        {
            typeof(SysSocket), typeof(Netlink), typeof(Rtnetlink), typeof(IfAddr), typeof(IfLink), typeof(IfArp), typeof(IfPacket), typeof(Filter),
            typeof(SysEpoll), typeof(Errno), typeof(Spawn), typeof(SysPoll), typeof(SysPrctl), typeof(Capability), typeof(SysStat), typeof(SysResource), typeof(Signal), typeof(SockDiag), typeof(NetinetTcp),
        })
        {
            foreach (var field in header.GetFields().Where(f => f.IsLiteral && !s_notInTheHeaders.Contains(f.Name) && !f.Name.StartsWith("NLMSG_HDR", StringComparison.Ordinal)))
                ours[field.Name] = Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture);
        }

        Assert.InRange(ours.Count, 150, 400);
        Assert.Equal(ours.OrderBy(o => o.Key, StringComparer.Ordinal), AskTheCompiler(ours.Keys).OrderBy(o => o.Key, StringComparer.Ordinal));
    }

    private static void Struct<T>(Dictionary<string, long> ours)
        where T : struct
    {
        ours[$"sizeof(struct {typeof(T).Name})"] = Unsafe.SizeOf<T>();
        foreach (var field in typeof(T).GetFields().Where(f => !f.Name.StartsWith("sll_addr", StringComparison.Ordinal)))
            ours[$"offsetof(struct {typeof(T).Name}, {field.Name})"] = Marshal.OffsetOf<T>(field.Name);
    }

    private static Dictionary<string, long> AskTheCompiler(IEnumerable<string> expressions)
    {
        var folder = Directory.CreateTempSubdirectory("link-layout");
        try
        {
            StringBuilder program = new("""
                #define _GNU_SOURCE
                #include <stdio.h>
                #include <stddef.h>
                #include <errno.h>
                #include <fcntl.h>
                #include <poll.h>
                #include <sched.h>
                #include <signal.h>
                #include <spawn.h>
                #include <unistd.h>
                #include <sys/prctl.h>
                #include <sys/resource.h>
                #include <sys/stat.h>
                #include <sys/wait.h>
                #include <linux/capability.h>
                #include <time.h>
                #include <sys/socket.h>
                #include <sys/epoll.h>
                #include <sys/eventfd.h>
                #include <sys/timerfd.h>
                #include <netinet/in.h>
                #include <netinet/icmp6.h>
                #include <netinet/tcp.h>
                #include <pwd.h>
                #include <linux/inet_diag.h>
                #include <linux/sock_diag.h>
                #include <linux/netlink.h>
                #include <linux/rtnetlink.h>
                #include <linux/nexthop.h>
                #include <linux/if_addr.h>
                #include <linux/if_link.h>
                #include <linux/if.h>
                #include <linux/if_arp.h>
                #include <linux/if_ether.h>
                #include <linux/if_packet.h>
                #include <linux/filter.h>
                #define INFINITY_LIFE_TIME 0xFFFFFFFFU
                #define RTEXT_FILTER_SKIP_STATS (1 << 3)
                #define ND_OPT_SOURCE_LL_ADDR ND_OPT_SOURCE_LINKADDR
                #define ND_OPT_TARGET_LL_ADDR ND_OPT_TARGET_LINKADDR
                int main(void) {

                """);
            foreach (var expression in expressions)
                program.AppendLine(CultureInfo.InvariantCulture, $"printf(\"%s=%lld\\n\", \"{expression}\", (long long)({expression}));");
            program.AppendLine("return 0; }");
            var source = Path.Combine(folder.FullName, "layout.c");
            var binary = Path.Combine(folder.FullName, "layout");
            File.WriteAllText(source, program.ToString());
            Run("gcc", $"-o {binary} {source}");
            return Run(binary, "").Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(l => l.Split('='))
                .ToDictionary(p => p[0], p => long.Parse(p[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Run(string program, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
        return output;
    }
}
