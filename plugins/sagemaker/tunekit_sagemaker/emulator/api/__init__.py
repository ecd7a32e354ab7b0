"""What is answered: the operations of SageMaker here, all others by moto."""
