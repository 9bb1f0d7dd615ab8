namespace Link.Core.Api;

/// <summary>The agent answered, and the answer is no. The message is the agent's, in one line.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="message">What the agent says.</param>
internal sealed class ApiRefusedException(int status, string message) : Exception(message)
{
    public int Status => status;
}
