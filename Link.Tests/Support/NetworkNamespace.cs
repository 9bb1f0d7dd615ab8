using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Link.Tests.Support;

/// <summary>
/// A network namespace of its own, made with <c>ip netns add</c> and deleted on dispose, whatever happened. Names are unique to
/// the process, so that tests and test runs do not meet. Needs root.
/// <code>
/// using var a = new NetworkNamespace();
/// using var b = new NetworkNamespace();
/// NetworkNamespace.Connect(a, b);                  // eth0 in each, up, joined by a cable
/// a.Ip("address add 192.0.2.1/24 dev eth0");
/// a.Run(() => { ... sockets opened here live in a ... });
/// </code>
/// </summary>
public sealed class NetworkNamespace : IDisposable
{
    private const int CloneNewNet = 0x40000000;

    private static int s_counter;

    public NetworkNamespace()
    {
        Name = $"link{Environment.ProcessId}-{Interlocked.Increment(ref s_counter)}";
        Command("ip", $"netns add {Name}");
        try
        {
            Ip("link set lo up");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>As <c>ip -n NAME</c> and <c>ip netns exec NAME</c> know it.</summary>
    public string Name { get; }

    /// <summary>Joins two namespaces by a veth pair; both ends are up when this returns.</summary>
    public static void Connect(NetworkNamespace a, NetworkNamespace b, string nameInA = "eth0", string nameInB = "eth0")
    {
        a.Ip($"link add {nameInA} type veth peer name {nameInB} netns {b.Name}");
        a.Ip($"link set {nameInA} up");
        b.Ip($"link set {nameInB} up");
        a.AwaitCarrier(nameInA);
        b.AwaitCarrier(nameInB);
    }

    /// <summary>Joins any number of hosts by a bridge in a namespace of its own, which the caller disposes. Each host gets <c>eth0</c>; the ports are p0, p1 ...</summary>
    public static NetworkNamespace Switch(params NetworkNamespace[] hosts)
    {
        var bridge = new NetworkNamespace();
        try
        {
            bridge.Ip("link add br0 type bridge forward_delay 0 mcast_snooping 0");
            bridge.Ip("link set br0 up");
            for (var i = 0; i < hosts.Length; i++)
            {
                Connect(hosts[i], bridge, "eth0", $"p{i}");
                bridge.Ip($"link set p{i} master br0");
            }

            return bridge;
        }
        catch
        {
            bridge.Dispose();
            throw;
        }
    }

    /// <summary>Runs <c>ip -n NAME</c> with these arguments, from any thread.</summary>
    /// <returns>What it printed.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public string Ip(string arguments) => Command("ip", $"-n {Name} {arguments}");

    /// <summary>Runs a program inside and waits for its end.</summary>
    /// <inheritdoc cref="Ip"/>
    public string Execute(string program, string arguments) => Command("ip", $"netns exec {Name} {program} {arguments}");

    /// <summary>Starts a program inside. The caller kills it.</summary>
    public Process Start(string program, string arguments)
        => Process.Start(new ProcessStartInfo("ip", $"netns exec {Name} {program} {arguments}") { RedirectStandardOutput = true, RedirectStandardError = true })!;

    /// <summary>Waits until the kernel has seen the cable: it looks a moment after the interface came up.</summary>
    public void AwaitCarrier(string interfaceName)
    {
        for (var deadline = Stopwatch.StartNew(); !Ip($"-o link show dev {interfaceName}").Contains("state UP", StringComparison.Ordinal);)
        {
            if (deadline.Elapsed > TimeSpan.FromSeconds(60))
                throw new InvalidOperationException($"{interfaceName} in {Name} gets no carrier");
        }
    }

    /// <summary>The hardware address of an interface.</summary>
    public string MacOf(string interfaceName) => Execute("cat", $"/sys/class/net/{interfaceName}/address").Trim();

    /// <summary>
    /// Runs something on a thread of its own that has entered the namespace, and waits for it. Sockets opened there stay in the
    /// namespace, wherever they are used later. Not for async code: what follows an await runs elsewhere.
    /// </summary>
    public void Run(Action action)
    {
        ExceptionDispatchInfo? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                // The thread ends with the action, so that it need not find its way back.
                using var file = File.OpenHandle($"/run/netns/{Name}");
                if (setns(file, CloneNewNet) != 0)
                    throw new InvalidOperationException($"setns {Name}: {Marshal.GetLastPInvokeErrorMessage()}");
                action();
            }
            catch (Exception e)
            {
                fault = ExceptionDispatchInfo.Capture(e);
            }
        })
        { Name = Name };
        thread.Start();
        thread.Join();
        fault?.Throw();
    }

    /// <inheritdoc cref="Run(Action)"/>
    public T Run<T>(Func<T> function)
    {
        var result = default(T);
        Run(() => { result = function(); });
        return result!;
    }

    public void Dispose()
    {
        try
        {
            Command("ip", $"netns delete {Name}");
        }
        catch (InvalidOperationException)
        {
            // Gone already.
        }
    }

    private static string Command(string program, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {arguments}: exit code {process.ExitCode}: {error.Result.Trim()}");
    }

#pragma warning disable SYSLIB1054, CA5392
    [DllImport("libc", SetLastError = true)]
    private static extern int setns(SafeFileHandle fd, int type);
#pragma warning restore SYSLIB1054, CA5392
}
