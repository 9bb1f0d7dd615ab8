using System.Net.Sockets;
using System.Runtime.Versioning;
using Link.Core.Plugins.Exec;
using Link.Tests.Support;

namespace Link.Tests.Plugins.Exec;

/// <summary>The service of programs behind a Unix socket, in this process: what systemd starts for each connection.</summary>
[SupportedOSPlatform("linux")]
internal sealed class LocalProgramService : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly List<Task> _connections = [];

    /// <param name="directories">What the service lets run, whatever the agent thinks.</param>
    /// <param name="serve">Instead of serving; null: serves.</param>
    public LocalProgramService(IReadOnlyList<string> directories, Func<Socket, Task>? serve = null)
    {
        Path = System.IO.Path.Combine(_folder.Path, "exec.sock");
        _listener.Bind(new UnixDomainSocketEndPoint(Path));
        _listener.Listen();
        serve ??= connection => ProgramService.ServeAsync(connection, directories, new ProgramVariables([]));
        _ = AcceptAsync(serve);
    }

    public string Path { get; }

    public int Connections => _connections.Count;

    /// <summary>What each connection came to; null: it was answered.</summary>
    public Task EndedAsync() => Task.WhenAll(_connections);

    public void Dispose()
    {
        _listener.Dispose();
        _folder.Dispose();
    }

    private async Task AcceptAsync(Func<Socket, Task> serve)
    {
        try
        {
            while (true)
                _connections.Add(ServeAsync(await _listener.AcceptAsync(), serve));
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task ServeAsync(Socket connection, Func<Socket, Task> serve)
    {
        using (connection)
            await serve(connection);
    }
}
