using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Link.Tests.Bed;

/// <summary>
/// A port on 127.0.0.1 of a host that leads elsewhere: to the same port on 127.0.0.1 of this process, which is how a fake that runs here is reached from a
/// namespace, or to an address that the host reaches too. What comes back can be held.
/// </summary>
internal sealed class LocalRelay : IDisposable
{
    private readonly Socket _listener;
    private readonly Func<Socket> _newSocket;
    private readonly IPEndPoint _to;
    private readonly Lock _lock = new();
    private readonly StringBuilder _asked = new();
    private TaskCompletionSource _mayAnswer = new();

    /// <param name="to">Null: the same port on 127.0.0.1 of this process.</param>
    internal LocalRelay(NetworkNamespace host, int port, IPEndPoint? to = null)
    {
        _mayAnswer.SetResult();
        _to = to ?? new IPEndPoint(IPAddress.Loopback, port);
        _newSocket = to is null ? NewSocket : () => host.Run(NewSocket);
        _listener = host.Run(NewSocket);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen(64);
        _ = AcceptAsync();
    }

    /// <summary>What went to the other side since <see cref="Hold"/>, byte for byte.</summary>
    internal string Asked
    {
        get
        {
            lock (_lock)
                return _asked.ToString();
        }
    }

    /// <summary>From now on nothing comes back, until <see cref="Release"/>.</summary>
    internal void Hold()
    {
        lock (_lock)
        {
            _asked.Clear();
            _mayAnswer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    internal void Release()
    {
        lock (_lock)
            _mayAnswer.TrySetResult();
    }

    /// <summary>Connections that stand end with their agent.</summary>
    public void Dispose() => _listener.Dispose();

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = RelayAsync(await _listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task RelayAsync(Socket near)
    {
        using var far = _newSocket();
        using (near)
        {
            try
            {
                await far.ConnectAsync(_to);
                await Task.WhenAny(CopyAsync(near, far, Note), CopyAsync(far, near, WaitAsync));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // One side has gone, and so does the other.
            }
        }
    }

    private static async Task CopyAsync(Socket from, Socket to, Func<ReadOnlyMemory<byte>, Task> before)
    {
        var buffer = new byte[65536];
        while (await from.ReceiveAsync(buffer) is > 0 and var read)
        {
            await before(buffer.AsMemory(0, read));
            for (var sent = 0; sent < read;)
                sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
        }
    }

    private Task Note(ReadOnlyMemory<byte> bytes)
    {
        lock (_lock)
        {
            if (!_mayAnswer.Task.IsCompleted)
                _asked.Append(Encoding.Latin1.GetString(bytes.Span));
        }

        return Task.CompletedTask;
    }

    private Task WaitAsync(ReadOnlyMemory<byte> bytes)
    {
        lock (_lock)
            return _mayAnswer.Task;
    }
}
