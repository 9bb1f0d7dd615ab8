using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Link.Tests.Bed;

/// <summary>A receiver of webhooks in a namespace. Keeps what it got, and answers 204 unless told otherwise, one connection a request.</summary>
internal sealed class HookReceiver : IDisposable
{
    private readonly Socket _socket;
    private readonly SharedList<HookRequest> _requests = new();

    private int _hanging;

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

    /// <summary>The status of the answer; null: none ever comes.</summary>
    internal Func<HookRequest, int?> Answer { get; set; } = static _ => 204;

    /// <summary>Requests that wait for an answer which does not come.</summary>
    internal int Hanging => Volatile.Read(ref _hanging);

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
                var status = Answer(request);
                _requests.Add(request);
                if (status is null)
                    await HangAsync(connection);
                else
                    await connection.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status} As told\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The agent has gone.
            }
        }
    }

    /// <summary>Until the other side has had enough.</summary>
    private async Task HangAsync(Socket connection)
    {
        Interlocked.Increment(ref _hanging);
        try
        {
            await connection.ReceiveAsync(new byte[1]);
        }
        finally
        {
            Interlocked.Decrement(ref _hanging);
        }
    }
}
