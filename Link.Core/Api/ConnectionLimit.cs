using Microsoft.AspNetCore.Connections;

namespace Link.Core.Api;

/// <summary>Lets so many connections of one listener live at a time and closes the others at once.</summary>
internal sealed class ConnectionLimit(int most)
{
    private int _open;

    public ConnectionDelegate Guard(ConnectionDelegate next) => async connection =>
    {
        try
        {
            if (Interlocked.Increment(ref _open) <= most)
            {
                await next(connection);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    };
}
