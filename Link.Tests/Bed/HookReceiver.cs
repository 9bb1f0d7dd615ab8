using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Link.Tests.Bed;

/// <summary>A receiver of webhooks in a namespace. Keeps what it got, and answers 204 unless told otherwise, one connection a request.</summary>
internal sealed class HookReceiver : IDisposable
{
    private readonly Socket _socket;
    private readonly SharedList<HookRequest> _requests = new();
    private readonly SharedList<HookRequest> _answered = new();
    private readonly SharedList<HookRequest> _overlapping = new();
    private readonly Dictionary<(string Host, string Endpoint), (Socket Connection, HookRequest Request)> _underWay = [];

    /// <param name="address">Null: 127.0.0.1.</param>
    internal HookReceiver(NetworkNamespace host, int port, IPAddress? address = null)
    {
        _socket = host.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _socket.Bind(new IPEndPoint(address ?? IPAddress.Loopback, port));
        _socket.Listen(64);
        _ = AcceptAsync();
    }

    internal IReadOnlyList<HookRequest> Requests => _requests;

    /// <summary>The requests that were answered, in the order of their answers.</summary>
    internal IReadOnlyList<HookRequest> Answered => _answered;

    /// <summary>Requests that came while another one of the same host for the same endpoint was under way: neither answered nor given up.</summary>
    internal IReadOnlyList<HookRequest> Overlapping => _overlapping;

    /// <summary>The status of the answer; null: none ever comes.</summary>
    internal Func<HookRequest, int?> Answer { get; set; } = static _ => 204;

    /// <summary>Requests that wait for an answer, one for each endpoint of each host at the most.</summary>
    internal IReadOnlyList<HookRequest> UnderWay
    {
        get
        {
            lock (_underWay)
                return [.. _underWay.Values.Select(static call => call.Request)];
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = AnswerAsync(await _socket.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task AnswerAsync(Socket connection)
    {
        using (connection)
        {
            try
            {
                var text = "";
                var buffer = new byte[4096];
                while (HookRequest.TryRead(text) is null)
                {
                    var read = await connection.ReceiveAsync(buffer);
                    if (read == 0)
                        return;
                    text += Encoding.Latin1.GetString(buffer, 0, read);
                }

                var request = HookRequest.TryRead(text)!;
                Begin(connection, request);
                try
                {
                    var status = Answer(request);
                    _requests.Add(request);
                    if (status is null)
                    {
                        // Until the other side has had enough.
                        await connection.ReceiveAsync(buffer);
                        return;
                    }

                    _answered.Add(request);
                    End(connection, request);
                    await connection.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} As told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
                }
                finally
                {
                    End(connection, request);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The agent has gone.
            }
        }
    }

    private void Begin(Socket connection, HookRequest request)
    {
        lock (_underWay)
        {
            // Of a connection that the agent has closed the end can be read.
            if (_underWay.TryGetValue(request.Caller, out var other) && !other.Connection.Poll(0, SelectMode.SelectRead))
                _overlapping.Add(request);
            _underWay[request.Caller] = (connection, request);
        }
    }

    private void End(Socket connection, HookRequest request)
    {
        lock (_underWay)
        {
            if (_underWay.TryGetValue(request.Caller, out var call) && call.Connection == connection)
                _underWay.Remove(request.Caller);
        }
    }
}
