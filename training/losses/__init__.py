"""What training makes small: losses of label maps and of images, and the class weights that they take."""
