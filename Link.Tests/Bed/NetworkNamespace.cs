using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Link.Tests.Bed;

/// <summary>
/// A named network namespace. A socket belongs for ever to the namespace of the thread that opened it, and a child process to that of the thread
/// that started it, so entering is the business of a short-lived thread of its own.
/// </summary>
internal sealed class NetworkNamespace(string name)
{
    internal const string Folder = "/var/run/netns";

    internal string Name { get; } = name;

    internal void Run(Action work) => Run(() =>
    {
        work();
        return true;
    });

    internal T Run<T>(Func<T> work)
    {
        T? result = default;
        ExceptionDispatchInfo? fault = null;
        var thread = StartThread("run", () =>
        {
            try
            {
                result = work();
            }
            catch (Exception e)
            {
                fault = ExceptionDispatchInfo.Capture(e);
            }
        }, e => fault = ExceptionDispatchInfo.Capture(e));
        thread.Join();
        fault?.Throw();
        return result!;
    }

    /// <summary>A background thread that lives in this namespace.</summary>
    internal Thread StartThread(string purpose, Action body, Action<Exception>? failed = null)
    {
        var thread = new Thread(() =>
        {
            try
            {
                Enter();
            }
            catch (IOException e) when (failed is not null)
            {
                failed(e);
                return;
            }
            body();
        }, maxStackSize: 256 * 1024)
        {
            IsBackground = true,
            Name = $"{Name}:{purpose}",
        };
        thread.Start();
        return thread;
    }

    internal async Task<Socket> ConnectTcpAsync(IPEndPoint to, CancellationToken cancel)
    {
        var socket = Run(() => new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            await socket.ConnectAsync(to, cancel);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>An HTTP client whose connections start here.</summary>
    internal HttpClient HttpClient(IPEndPoint to) => HttpClient(to, async cancel => new NetworkStream(await ConnectTcpAsync(to, cancel), ownsSocket: true));

    /// <summary>The same, over whatever connects; any certificate will do.</summary>
    internal static HttpClient HttpClient(IPEndPoint to, Func<CancellationToken, Task<Stream>> connect) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null,
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
        ConnectCallback = async (_, cancel) => await connect(cancel),
    })
    {
        BaseAddress = new Uri($"http://{to}"),
    };

    private void Enter()
    {
        var fd = LibC.open($"{Folder}/{Name}", LibC.O_RDONLY | LibC.O_CLOEXEC);
        if (fd < 0)
            throw new IOException($"namespace {Name}: {Marshal.GetLastPInvokeErrorMessage()}");
        var result = LibC.setns(fd, LibC.CLONE_NEWNET);
        var error = Marshal.GetLastPInvokeErrorMessage();
        LibC.close(fd);
        if (result != 0)
            throw new IOException($"setns {Name}: {error}");
    }
}
