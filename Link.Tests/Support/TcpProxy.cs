using System.Net;
using System.Net.Sockets;

namespace Link.Tests.Support;

/// <summary>
/// A proxy before one TCP address, to play the network: forward, stall (connections stay open and silent), cut (connections are reset),
/// refuse (the port is closed). Each of them can be undone.
/// </summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly IPEndPoint _target;
    private readonly IPEndPoint _local;
    private readonly List<Socket> _sockets = [];
    private Socket? _listener;
    private TaskCompletionSource _flowing = Opened();

    public TcpProxy(Uri target)
    {
        _target = new IPEndPoint(IPAddress.Parse(target.DnsSafeHost), target.Port);
        _local = new IPEndPoint(_target.Address, ReservedPorts.Take(_target.Address));
        Url = $"{target.Scheme}://{_local}";
        Accept();
    }

    /// <summary>The proxy's own address with the target's scheme.</summary>
    public string Url { get; }

    /// <summary>Connections that were accepted so far.</summary>
    public int Accepted { get; private set; }

    /// <summary>From now on nothing passes in either direction; new connections are accepted and silent as well.</summary>
    public void Stall()
    {
        lock (_gate)
            if (_flowing.Task.IsCompleted)
                _flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Ends <see cref="Stall"/>: what was held back passes now.</summary>
    public void Flow()
    {
        lock (_gate)
            _flowing.TrySetResult();
    }

    /// <summary>Resets all connections; new ones are accepted.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            foreach (Socket socket in _sockets)
            {
                socket.LingerState = new LingerOption(true, 0);
                socket.Dispose();
            }
            _sockets.Clear();
        }
    }

    /// <summary>Closes the port and resets all connections, until <see cref="Accept"/>.</summary>
    public void Refuse()
    {
        lock (_gate)
        {
            _listener?.Dispose();
            _listener = null;
        }
        Cut();
    }

    public void Accept()
    {
        lock (_gate)
        {
            if (_listener is not null)
                return;
            _listener = new Socket(_local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            _listener.Bind(_local);
            _listener.Listen();
            _ = AcceptAsync(_listener);
        }
    }

    public ValueTask DisposeAsync()
    {
        Refuse();
        Flow();
        return ValueTask.CompletedTask;
    }

    private static TaskCompletionSource Opened()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            for (; ; )
            {
                Socket near = await listener.AcceptAsync();
                _ = ForwardAsync(near);
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Refused or disposed.
        }
    }

    private async Task ForwardAsync(Socket near)
    {
        var far = new Socket(_target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        lock (_gate)
        {
            Accepted++;
            _sockets.Add(near);
            _sockets.Add(far);
        }
        try
        {
            await far.ConnectAsync(_target);
            await Task.WhenAny(PumpAsync(near, far), PumpAsync(far, near));
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // The target is gone: so is the connection.
        }
        lock (_gate)
        {
            near.Dispose();
            far.Dispose();
            _sockets.Remove(near);
            _sockets.Remove(far);
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            for (; ; )
            {
                int read = await from.ReceiveAsync(buffer);
                if (read == 0)
                    return;
                Task flowing;
                lock (_gate)
                    flowing = _flowing.Task;
                await flowing;
                for (int sent = 0; sent < read;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent));
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Cut.
        }
    }
}
